import { type IncomingMessage, type Server } from 'node:http';
import { type Socket } from 'node:net';

/** Sockets on which a body comes that is handed on as a stream. */
const streaming = new WeakSet<Socket>();

/**
 * Lets a body that is handed on as a stream take as long as it needs, as long as something of it comes: between two pieces it has the time that any
 * other request has in all. Call it once the token was checked, since it lifts the limit that keeps strangers from holding connections.
 */
export function mayTakeLong(request: IncomingMessage, server: Server): void {
  const { socket } = request;
  streaming.add(socket);
  socket.setTimeout(server.requestTimeout);
  request.once('close', () => {
    streaming.delete(socket);
    socket.setTimeout(0);
  });
}

/** A refusal for each way in which a connection fails before its request is there, as Node answers it. */
const REFUSALS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** Ends a connection whose request cannot be read or took too long, unless it is a stream that may. */
export function endFailed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && streaming.has(socket)) return;
  const refusal = REFUSALS[error.code ?? ''] ?? '400 Bad Request';
  if (socket.writable) socket.write(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroy(error);
}
