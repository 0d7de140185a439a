// What the server gives to programs at most. Each limit has a test at, below and above it.

/** Clients of a server at once. One more is told so and sent away. */
export const CLIENTS_MAX = 256;

/** Sockets of one client. One more is EMFILE: the supervisor has no more numbers to give out than these. */
export const SOCKETS_MAX = 1024;

/** Bytes of a frame from a supervisor: above the largest send of FreeBSD's kernel (1,864,135). A longer one ends the connection. */
export const FRAME_BYTES_MAX = 1 << 21;

/**
 * Bytes on their way to one client that does not read. Beyond them nothing is read from it, and what its sockets receive
 * stays queued in the kernel.
 */
export const IN_FLIGHT_BYTES_MAX = 1 << 22;

/** Milliseconds within which a client says HELLO. */
export const HELLO_MILLISECONDS = 10_000;

/** Bytes that one forwarded receive returns at most, however large the program's buffer is. */
export const RECEIVE_BYTES_MAX = 1 << 24;

/** Bytes pushed to a socket before the program has taken them; what exceeds them waits to be pulled. */
export const PUSH_BYTES_MAX = 1 << 16;

/**
 * Bytes of replies that go with the answer of a send: of a dump the first datagram and no more, for the size of the next
 * depends on how large a buffer the reader offers.
 */
export const ANSWER_BYTES_MAX = 2048;

/** Bytes of each half of the shared file. */
export const HALF_BYTES = 1 << 20;

/** Milliseconds between two looks at the clock, when nothing else happens. */
export const TICK_MILLISECONDS = 100;
