/** What {@linkcode withinTime} takes. */
export interface TimeLimit {
  /** How long it may take, in milliseconds. */
  readonly budgetMs: number;
  /** Says what is wrong when the time is over. */
  readonly message: () => string;
}

/** Waits for a promise for a limited time, then rejects with the message. */
export async function withinTime<T>(promise: Promise<T>, limit: TimeLimit): Promise<T> {
  const { budgetMs, message } = limit;
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => over.reject(new Error(message())), budgetMs);
  try {
    return await Promise.race([promise, over.promise]);
  } finally {
    clearTimeout(timer);
  }
}
