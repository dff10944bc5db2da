/** An answer with its body read: JSON as a value, anything else as text. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of many shapes
  readonly body: any;
}

/** Ends an answer that has no end. */
async function leave(answer: Response): Promise<''> {
  await answer.body?.cancel();
  return '';
}

/** Calls a daemon over HTTP with one token. */
export class ApiClient {
  constructor(
    readonly base: string,
    private readonly token?: string,
  ) {}

  get(path: string): Promise<ApiAnswer> {
    return this.send('GET', path);
  }

  post(path: string, body?: unknown): Promise<ApiAnswer> {
    return this.send('POST', path, body);
  }

  put(path: string, body: unknown): Promise<ApiAnswer> {
    return this.send('PUT', path, body);
  }

  patch(path: string, body: unknown): Promise<ApiAnswer> {
    return this.send('PATCH', path, body);
  }

  delete(path: string): Promise<ApiAnswer> {
    return this.send('DELETE', path);
  }

  /** A request as it is; nothing is added but the token. */
  async raw(method: string, path: string, init: RequestInit = {}): Promise<ApiAnswer> {
    const headers = new Headers(init.headers);
    if (this.token !== undefined && !headers.has('authorization')) headers.set('authorization', `Bearer ${this.token}`);
    const answer = await fetch(this.base + path, { ...init, method, headers });
    const text = answer.headers.get('content-type')?.startsWith('text/event-stream')
      ? await leave(answer)
      : await answer.text();
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    return {
      status: answer.status,
      headers: answer.headers,
      body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text,
    };
  }

  private send(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    if (body === undefined) return this.raw(method, path);
    return this.raw(method, path, {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  }
}
