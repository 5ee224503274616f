/** Replaces every descriptor in a module that is a string by its literal. */
export function parseDescriptors(text: string): string;

/** The module that makes descriptors of literals. */
export function reviverText(): string;
