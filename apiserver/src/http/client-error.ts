/** Answers to what is no HTTP request, in the words of Go's server. */

import type { Duplex } from 'node:stream';

const answers: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Request Entity Too Large',
  HPE_INVALID_TRANSFER_ENCODING: '400 Bad Request: bad Transfer-Encoding',
  HPE_UNEXPECTED_CONTENT_LENGTH: '400 Bad Request: bad Content-Length',
  HPE_INVALID_CONTENT_LENGTH: '400 Bad Request: bad Content-Length',
  HPE_INVALID_METHOD: '400 Bad Request: invalid method',
  HPE_INVALID_VERSION: '505 HTTP Version Not Supported: unsupported protocol version',
};

interface ConnectionInUse {
  /** The answer that is being written, if any (Node keeps it on the socket). */
  readonly _httpMessage?: { readonly headersSent?: boolean } | null;
}

/** A client that went away, or that took too long for its headers, is told nothing. */
const silent = new Set(['ECONNRESET', 'ERR_HTTP_REQUEST_TIMEOUT']);

/** Ends the connection; with a word why, unless the client has gone or is in the middle of an answer. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  const answering = (socket as unknown as ConnectionInUse)._httpMessage?.headersSent === true;
  if (silent.has(error.code ?? '') || !socket.writable || answering) {
    socket.destroy();
    return;
  }
  const text = answers[error.code ?? ''] ?? '400 Bad Request';
  const status = text.split(':', 1)[0] ?? text;
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${text}`);
  socket.once('finish', () => socket.destroy());
}
