import { type ContainerError, invalidArgument, shown } from "../../src/errors.ts";

/**
 * Reads the base URL of a proxy.
 *
 * @returns The URL without a slash at its end.
 * @throws {ContainerError} `invalid_argument` with field `baseUrl` for what is not an `http` or
 * `https` URL, and for one with credentials, a query or a fragment.
 */
export function parseBaseUrl(baseUrl: string): string {
  const url = typeof baseUrl === "string" && URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined) throw refused(baseUrl, "not a URL");
  const { username, password } = url;
  url.username = "";
  url.password = "";
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw refused(url.href, 'scheme must be "http" or "https"');
  }
  if (username !== "" || password !== "") {
    throw refused(url.href, "must not have credentials, which belong in headers");
  }
  if (url.search !== "" || url.hash !== "") {
    throw refused(url.href, "must not have a query or a fragment");
  }
  return url.href.replace(/\/+$/, "");
}

function refused(given: unknown, state: string): ContainerError {
  return invalidArgument("baseUrl", `Cannot use baseUrl "${shown(given)}": ${state}`);
}
