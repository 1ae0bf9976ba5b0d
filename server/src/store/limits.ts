/** Bounds of the store; beyond them a write is refused with a fault that says the limit. */

/** Of one record, in UTF-8 bytes of its JSON text. */
export const RECORD_BYTES_MAX = 4 * 1024 * 1024
/** In UTF-16 code units. */
export const NAME_LENGTH_MAX = 1024
export const TRANSACTION_WRITES_MAX = 10_000
/** Deletions remembered for servers that lost their connection for a while. */
export const TOMBSTONES_MAX = 10_000
/** Of the texts of records that are kept as values because they were read lately. */
export const RECORD_CACHE_CHARS_MAX = 8 * 1024 * 1024
/** Records of a page that may be found among those. */
export const KNOWN_PAGE_MAX = 200
/** Pages of one kind's list whose beginning is remembered. */
export const BOOKMARKS_MAX = 2000
/** Writes of many transactions that are committed together. */
export const COMMIT_WRITES_MAX = 2000
/** Writes that wait for their commit, of everybody together: who is faster than the disk is refused. */
export const PENDING_WRITES_MAX = 50_000
export const PENDING_BYTES_MAX = 128 * 1024 * 1024
