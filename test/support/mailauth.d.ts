/** The package brings no types; tests call this alone. */
declare module 'mailauth' {
  export function authenticate(mail: string, options: Record<string, unknown>): Promise<unknown>;
}
