/**
 * The kind of an error: the kinds of moby's and containerd's errdefs, in the spelling of gRPC.
 *
 * `conflict` is an id that is in use; `failed_precondition` is an object in the wrong state.
 */
export type ErrorCode =
  | "aborted"
  | "already_exists"
  | "conflict"
  | "data_loss"
  | "deadline_exceeded"
  | "failed_precondition"
  | "internal"
  | "invalid_argument"
  | "not_found"
  | "not_modified"
  | "out_of_range"
  | "permission_denied"
  | "resource_exhausted"
  | "unauthenticated"
  | "unavailable"
  | "unimplemented"
  | "unknown";

/** What a {@linkcode ContainerError} carries beside its message. */
export interface ContainerErrorOptions {
  /** The id of the plugin that raised the error, for instance `containerd`. */
  readonly plugin?: string | undefined;
  /** The container the failed call was about. */
  readonly containerId?: string | undefined;
  /** The process the failed call was about; `init` is the first process. */
  readonly processId?: string | undefined;
  /** For `invalid_argument`: the path of the refused field, for instance `process.args[0]`. */
  readonly field?: string | undefined;
  /** For a process that could not be started: the code a shell would give, 126 or 127. */
  readonly exitCode?: number | undefined;
  /** What caused the error. */
  readonly cause?: unknown;
}

/** How much of a value a message quotes. */
const MOST_CHARACTERS = 256;

const brand = Symbol.for("libcontainerd.ContainerError");

/**
 * The one error class of this library.
 *
 * Test for it with {@linkcode isContainerError}, not with `instanceof`: two copies of the library
 * in one process have two classes. An abort is never wrapped: it rejects with `signal.reason`.
 */
export class ContainerError extends Error {
  /** Always `ContainerError`. */
  override readonly name = "ContainerError";
  /** The kind of the error; stable between releases. */
  readonly code: ErrorCode;
  /** The id of the plugin that raised the error. */
  readonly plugin: string | undefined;
  /** The container the failed call was about. */
  readonly containerId: string | undefined;
  /** The process the failed call was about. */
  readonly processId: string | undefined;
  /** For `invalid_argument`: the path of the refused field. */
  readonly field: string | undefined;
  /** For a process that could not be started: 127 for a missing command, 126 for one that cannot run. */
  readonly exitCode: number | undefined;

  /**
   * Makes an error.
   *
   * @param code The kind of the error.
   * @param message Action, object in quotes, colon, state; no full stop.
   */
  constructor(code: ErrorCode, message: string, options: ContainerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Object.defineProperty(this, brand, { value: true });
    this.code = code;
    this.plugin = options.plugin;
    this.containerId = options.containerId;
    this.processId = options.processId;
    this.field = options.field;
    this.exitCode = options.exitCode;
  }
}

/**
 * Tells whether a value is a {@linkcode ContainerError}, from any copy of the library, and, where
 * a code is given, of that kind.
 */
export function isContainerError(error: unknown, code?: ErrorCode): error is ContainerError {
  if (typeof error !== "object" || error === null || !(brand in error)) return false;
  return code === undefined || (error as { code?: unknown }).code === code;
}

/** An `invalid_argument` error that names the refused field. */
export function invalidArgument(
  field: string,
  message: string,
  options: Omit<ContainerErrorOptions, "field"> = {},
): ContainerError {
  return new ContainerError("invalid_argument", message, { ...options, field });
}

/**
 * A value as a message quotes it: cut, as a caller may pass a whole file by mistake, and never an
 * error itself, as the conversion of a `Symbol` to a text, or of an object without a prototype, is.
 */
export function shown(value: unknown): string {
  let text: string = typeof value;
  try {
    text = String(value);
  } catch {
    // Its kind has to do.
  }
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
