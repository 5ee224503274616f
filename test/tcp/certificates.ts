import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority for one test. */
export interface Authority extends Certificate {
  /** Makes a certificate for a name; an IP address in `ip` is valid, too. */
  issue(name: string, options?: IssueOptions): Certificate;
}

/** What {@linkcode Authority.issue} takes. */
export interface IssueOptions {
  /** An IPv4 address that it is valid for. */
  readonly ip?: string;
  /** The last moment that it is valid. Default: in an hour. */
  readonly notAfter?: Date;
}

/**
 * Makes a certificate authority. The certificates are written here, since node:crypto reads X.509
 * and cannot make it.
 */
export function createAuthority(name: string): Authority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { name, key: keys.privateKey };
  return {
    cert: certificate({ issuer, name, publicKey: keys.publicKey, extensions: [isAuthority] }),
    key: pem(keys.privateKey),
    issue(subject, options = {}) {
      const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const extensions = [alternativeNames(subject, options.ip)];
      const { notAfter } = options;
      return {
        cert: certificate({
          issuer,
          name: subject,
          publicKey: own.publicKey,
          extensions,
          notAfter,
        }),
        key: pem(own.privateKey),
      };
    },
  };
}

interface CertificateParts {
  readonly issuer: { readonly name: string; readonly key: KeyObject };
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly notAfter?: Date | undefined;
}

const hourMs = 3_600_000;
const ecdsaWithSha256 = sequence(oid([42, 134, 72, 206, 61, 4, 3, 2]));
const isAuthority = extension([85, 29, 19], sequence(der(0x01, Buffer.from([0xff]))));

function certificate(parts: CertificateParts): string {
  const notAfter = parts.notAfter ?? new Date(Date.now() + hourMs);
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    commonName(parts.issuer.name),
    sequence(time(new Date(notAfter.getTime() - 2 * hourMs)), time(notAfter)),
    commonName(parts.name),
    Buffer.from(parts.publicKey.export({ type: "spki", format: "der" })),
    der(0xa3, sequence(...parts.extensions)),
  );
  const signature = sign("sha256", body, parts.issuer.key);
  const bits = der(0x03, Buffer.concat([Buffer.from([0]), signature]));
  const base64 = sequence(body, ecdsaWithSha256, bits).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function alternativeNames(name: string, ip: string | undefined): Buffer {
  const names = [der(0x82, Buffer.from(name))];
  if (ip !== undefined) names.push(der(0x87, Buffer.from(ip.split(".").map(Number))));
  return extension([85, 29, 17], sequence(...names));
}

function extension(id: readonly number[], value: Buffer): Buffer {
  return sequence(oid(id), der(0x04, value));
}

function commonName(name: string): Buffer {
  const value = der(0x0c, Buffer.from(name));
  return sequence(der(0x31, sequence(oid([85, 4, 3]), value)));
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return der(0x17, Buffer.from(digits.slice(2)));
}

function oid(bytes: readonly number[]): Buffer {
  return der(0x06, Buffer.from(bytes));
}

function sequence(...items: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(items));
}

function der(tag: number, content: Buffer): Buffer {
  const size = content.byteLength;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function pem(key: KeyObject): string {
  return String(key.export({ type: "pkcs8", format: "pem" }));
}
