/** Where others reach this daemon; when `PUBLIC_URL` is not set, the local address once the port is known. */
export class PublicUrl {
  private local = '';

  constructor(private readonly configured: string | undefined) {}

  /** Tells the port that the server got. */
  listeningOn(port: number): void {
    this.local = `http://localhost:${port}`;
  }

  /** Without a trailing slash. */
  get base(): string {
    return this.configured ?? this.local;
  }
}
