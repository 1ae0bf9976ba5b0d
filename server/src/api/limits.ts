/** Bounds of the API; beyond them a request is refused or a stream is ended. */

export const BODY_BYTES_MAX = 1024 * 1024
/** Of one path segment; route paths come as one. */
export const PATH_SEGMENT_MAX = 2048
/** Bytes that a slow reader of a stream may leave unread; then it is disconnected, and goes on from its last event. */
export const STREAM_UNREAD_BYTES_MAX = 1024 * 1024
export const STREAMS_MAX = 2000
/** In which a client may take in that it is over. */
export const FAREWELL_MS = 500
export const HEARTBEAT_MS = 15_000
/** A request that has not come in whole by then is ended. */
export const REQUEST_MS = 30_000
/** Times that a write is planned again because somebody else wrote in between. */
export const WRITE_ATTEMPTS_MAX = 8
/** Rounds in which a plan may find out what else it needs to know. */
export const LOOKUP_ROUNDS_MAX = 32
/** Requests and connections through `/proxy/` at the same time. */
export const PROXIED_MAX = 500
/** An endpoint behind `/proxy/` that says nothing for so long is given up. */
export const PROXIED_SILENT_MS = 60_000
