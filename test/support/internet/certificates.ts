import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { bits, boolean, der, integer, objectId, octets, sequence, set, text, time } from './der.ts';

/** What a TLS server needs, and the authority that clients are told to trust: PEM, made anew for each test run. */
export interface TestCertificates {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
const DAY_MS = 86_400_000;

/** A certificate authority that lives for a day, and one certificate of it for these host names. */
export function makeCertificates(hosts: readonly string[], authorityName = 'a test authority'): TestCertificates {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = name(authorityName);
  return {
    authority: certificate(issuer, issuer, authority.publicKey, authority.privateKey, [
      extension('2.5.29.19', true, sequence(boolean(true))), // basicConstraints: a CA
      extension('2.5.29.15', true, der(0x03, Buffer.from([1, 0x06]))), // keyUsage: keyCertSign, cRLSign
    ]),
    certificate: certificate(issuer, name('the test internet'), server.publicKey, authority.privateKey, [
      extension('2.5.29.17', false, sequence(...hosts.map((host) => der(0x82, Buffer.from(host, 'ascii'))))),
      extension('2.5.29.37', false, sequence(objectId('1.3.6.1.5.5.7.3.1'))), // serverAuth
    ]),
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function name(commonName: string): Buffer {
  return sequence(set(sequence(objectId('2.5.4.3'), text(commonName))));
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(objectId(id), ...(isCritical ? [boolean(true)] : []), octets(value));
}

/** RFC 5280 §4.1, version 3. */
function certificate(
  issuer: Buffer,
  subject: Buffer,
  publicKey: KeyObject,
  signer: KeyObject,
  extensions: readonly Buffer[],
): string {
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(8)),
    ECDSA_WITH_SHA256,
    issuer,
    sequence(time(new Date(Date.now() - DAY_MS)), time(new Date(Date.now() + DAY_MS))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signed = sequence(body, ECDSA_WITH_SHA256, bits(sign('sha256', body, signer)));
  const lines = signed.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
