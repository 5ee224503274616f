/**
 * A 64-bit integer of the OCI spec: a `number` where it is exact (up to 2^53 - 1), else a `bigint`.
 *
 * What goes out is written with every digit, and what comes in is a `bigint` only where a `number`
 * would lose some: see `encodeJson` and `decodeJson`.
 */
export type Integer = number | bigint;
