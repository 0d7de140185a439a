// What a session needs of a socket, whichever ABI it speaks. Calls throw errors whose errno is the host's.

/** A datagram taken off a socket's queue. */
export interface Datagram {
  /** Valid until the next call. */
  readonly bytes: Uint8Array;
  readonly port: number;
  /** nl_groups of the sender's address. */
  readonly groups: number;
  /** The group of a notification, for NETLINK_PKTINFO; else 0. */
  readonly group: number;
}

/** A port and groups, of a sockaddr_nl. */
export interface Destination {
  readonly port: number;
  readonly groups: number;
}

/** What sockets of both kinds have. */
interface AnySocket {
  getsockname(): Destination;
  getpeername(): Destination;
  /** @param value - as the program gave it; for SO_ATTACH_FILTER the instructions */
  setsockopt(level: number, option: number, value: Uint8Array): void;
  /** @param room - bytes that the program has room for */
  getsockopt(level: number, option: number, room: number): Uint8Array;
  readonly isReadable: boolean;
  close(): void;
}

/** A socket whose messages come in datagrams, as Linux has it. */
export interface ServedSocket extends AnySocket {
  bind(port: number, groups: number): void;
  connect(port: number, groups: number): void;
  /** The messages have run when it returns. @returns bytes */
  send(bytes: Uint8Array, destination?: Destination): number;
  /**
   * Takes the next datagram off the queue; its bytes stay counted until `taken`.
   * @param offer - the largest buffer that the program ever offered in a receive, in bytes: it sizes dump datagrams
   * @returns undefined when there is none
   */
  receive(offer: number): Datagram | undefined;
  taken(bytes: number): void;
  /** A dump goes on as the program takes what it has of it, also where isReadable says no for want of room. */
  readonly isDumping: boolean;
}

/** A receive as the program made it. */
export interface ReceiveRequest {
  /** Bytes of all its buffers. */
  readonly room: number;
  /** MSG_*, the host's. */
  readonly flags: number;
  /** Bytes of room for control data, and for the sender's address. */
  readonly control: number;
  readonly name: number;
}

/** What a receive gave. */
export interface Received {
  /** What recvmsg returns. */
  readonly result: number;
  /** MSG_*, the host's. */
  readonly flags: number;
  /** Valid until the next call. */
  readonly bytes: Uint8Array;
  readonly name: Uint8Array;
  readonly control: Uint8Array;
}

/** What came with the bytes of a send. */
export interface SendRequest {
  /** MSG_*, the host's. */
  readonly flags: number;
  readonly hasControl: boolean;
  /** As long as the program said. */
  readonly address: Uint8Array | undefined;
}

/**
 * A queue of messages without boundaries, whose receives are forwarded one by one: of FreeBSD's ABI, and of Linux's in the
 * mode strict. It checks addresses itself.
 */
export interface ForwardedSocket extends AnySocket {
  /** @param address - as long as the program said */
  bind(address: Uint8Array): void;
  connect(address: Uint8Array): void;
  send(bytes: Uint8Array, request: SendRequest): number;
  receiveMessages(request: ReceiveRequest): Received;
  /** What the last receive gave never reached the program: the next one gives it. */
  untake(): void;
  /** Only routing sockets can be shut down. @param how - SHUT_RD, SHUT_WR, SHUT_RDWR, numbered alike on both systems */
  shutdown?(how: number): void;
  /** FIONREAD, TIOCOUTQ. */
  ioctl(request: number): number;
  readonly isWritable: boolean;
  /** Bytes queued. A growing number means that something arrived. */
  readonly queuedBytes: number;
}

/** Tells the kinds apart. */
export function isForwarded(socket: ServedSocket | ForwardedSocket): socket is ForwardedSocket {
  return "receiveMessages" in socket;
}
