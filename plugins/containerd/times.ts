import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";

/** A time from the wire; the epoch where there is none. */
export function dateOf(timestamp: Timestamp | undefined): Date {
  return timestamp === undefined ? new Date(0) : timestampDate(timestamp);
}
