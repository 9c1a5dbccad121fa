import { createHmac } from 'node:crypto';

export interface CapiRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly userAgent: string | undefined;
  readonly body: unknown;
}

export interface CapiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface Enrollment {
  readonly attachment_key: string;
  readonly name?: string;
  readonly tags?: readonly string[];
  readonly overwrite?: boolean;
}

const forbidden = (message: string): CapiAnswer => ({ status: 403, body: { message } });

/**
 * CrowdSec's Central API and the Console's side of an enrollment, as their wire form is known: v2 for 1.4.6, v3 for
 * later. Tests set what it knows, and read what it was told.
 */
export class CentralApi {
  /** `banned`: every call is forbidden. `broken`: 500, as in an outage. */
  mode: 'up' | 'banned' | 'broken' = 'up';
  /** Attachment keys that the Console gave out. */
  readonly keys = new Set<string>();
  /** Registered machines and their passwords. */
  readonly machines = new Map<string, string>();
  /** Machines of which the Console was told, and whether somebody accepted them there. */
  readonly enrolled = new Map<string, { isAccepted: boolean }>();
  readonly logins: string[] = [];
  readonly metrics: unknown[] = [];
  readonly enrollments: Enrollment[] = [];
  readonly requests: CapiRequest[] = [];
  /** Whether v3 lets the accounts of v2 in, as it does with those of an engine that was upgraded. */
  v3IsOpen = true;
  /** How long a token lives. */
  tokenLifetimeMs = 3_600_000;

  reset(): void {
    this.mode = 'up';
    this.v3IsOpen = true;
    this.tokenLifetimeMs = 3_600_000;
    for (const known of [this.keys, this.machines, this.enrolled]) known.clear();
    for (const told of [this.logins, this.metrics, this.enrollments, this.requests]) told.length = 0;
  }

  answer(request: CapiRequest): CapiAnswer {
    this.requests.push(request);
    if (this.mode === 'banned') return forbidden('Forbidden');
    if (this.mode === 'broken') return { status: 500, body: { message: 'Internal server error' } };
    const isV3 = request.path.startsWith('/v3/');
    if (isV3 && !this.v3IsOpen) return forbidden('Forbidden');
    const call = `${request.method} ${request.path.replace(/^\/v[23]/, '').replace(/\?.*$/, '')}`;
    switch (call) {
      case 'POST /watchers':
        return this.#register(request.body as Record<string, string>);
      case 'POST /watchers/login':
        return this.#login(request.body as Record<string, unknown>, isV3);
      case 'POST /watchers/enroll':
        return this.#withMachine(request, (machine) => this.#enroll(machine, request.body as Enrollment));
      case 'POST /metrics/':
        return this.#withMachine(request, () => {
          this.metrics.push(request.body);
          return { status: 200, body: { message: 'OK' } };
        });
      case 'POST /signals':
        return this.#withMachine(request, () => ({ status: 200, body: { message: 'OK' } }));
      case 'GET /decisions/stream':
        return this.#withMachine(request, () => ({ status: 200, body: { new: [], deleted: [] } }));
      default:
        return { status: 404, body: { message: 'Not Found' } };
    }
  }

  /** Somebody clicks "Accept" in the web application. */
  accept(): void {
    for (const enrollment of this.enrolled.values()) enrollment.isAccepted = true;
  }

  #register({ machine_id: id = '', password = '' }: Record<string, string>): CapiAnswer {
    if (!/^[a-zA-Z0-9]{48}$/.test(id) || password.length !== 64)
      return { status: 400, body: { message: 'bad machine' } };
    this.machines.set(id, password);
    return { status: 200, body: { message: 'OK' } };
  }

  /** Only v3 tells who accepted an engine: what of v2 is known tells nothing. */
  #login({ machine_id: id, password, scenarios }: Record<string, unknown>, isV3: boolean): CapiAnswer {
    this.logins.push(String(id));
    if (!Array.isArray(scenarios)) return { status: 400, body: { message: 'scenarios must be a list' } };
    if (typeof id !== 'string' || this.machines.get(id) !== password) {
      return { status: 401, body: { message: 'The machine_id or password is incorrect' } };
    }
    const expiry = new Date(Date.now() + this.tokenLifetimeMs);
    const organization = isV3 && this.enrolled.get(id)?.isAccepted ? { organization_id: 'an-organization' } : {};
    const token = jwt({ id, exp: Math.floor(expiry.getTime() / 1_000), ...organization });
    return { status: 200, body: { code: 200, expire: expiry.toISOString(), token } };
  }

  #enroll(machine: string, enrollment: Enrollment): CapiAnswer {
    this.enrollments.push(enrollment);
    if (!this.keys.has(enrollment.attachment_key)) return forbidden('the attachment key provided is not valid');
    const isKnown = this.enrolled.has(machine);
    if (!isKnown || enrollment.overwrite) this.enrolled.set(machine, { isAccepted: false });
    return { status: isKnown && !enrollment.overwrite ? 200 : 201, body: { message: 'OK' } };
  }

  #withMachine({ authorization }: CapiRequest, work: (machine: string) => CapiAnswer): CapiAnswer {
    const payload = /^Bearer [\w-]+\.([\w-]+)\.[\w-]+$/.exec(authorization ?? '')?.[1];
    if (payload === undefined) return { status: 401, body: { message: 'Unauthorized' } };
    const { id, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { id: string; exp: number };
    if (exp * 1_000 < Date.now()) return { status: 401, body: { message: 'Unauthorized' } };
    return work(id);
  }
}

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', 'a test').update(signed).digest('base64url')}`;
}
