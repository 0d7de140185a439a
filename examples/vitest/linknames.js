// A netlink client of one's own: the names of a machine's links.
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const NLM_F_REQUEST_DUMP = 0x301;
const IFLA_IFNAME = 3;
const HEADERS = 32; // nlmsghdr and ifinfomsg

/** @param {{ send(bytes: Uint8Array): number, recv(into: Uint8Array): number }} socket */
export function linkNames(socket) {
  const request = Buffer.alloc(HEADERS);
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(RTM_GETLINK, 4);
  request.writeUInt16LE(NLM_F_REQUEST_DUMP, 6);
  socket.send(request);
  const names = [];
  const buffer = Buffer.alloc(32768);
  for (let type = RTM_NEWLINK; type === RTM_NEWLINK; ) {
    const end = socket.recv(buffer);
    for (let at = 0; at < end; at += (buffer.readUInt32LE(at) + 3) & ~3) {
      type = buffer.readUInt16LE(at + 4);
      if (type === RTM_NEWLINK) names.push(nameIn(buffer.subarray(at, at + buffer.readUInt32LE(at))));
    }
  }
  return names;
}

/** @param {Buffer} message */
function nameIn(message) {
  for (let at = HEADERS; at < message.length; at += (message.readUInt16LE(at) + 3) & ~3) {
    if (message.readUInt16LE(at + 2) !== IFLA_IFNAME) continue;
    return message.toString("latin1", at + 4, at + message.readUInt16LE(at) - 1);
  }
}
