/** Makes the DSN with which a Sentry SDK reports: `https://KEY@HOST[/PATH]/PROJECT`. @param base where apps reach us, without a slash at the end */
export function dsnOf(base: string, key: string, projectId: number): string {
  const url = new URL(base);
  return `${url.protocol}//${key}@${url.host}${url.pathname.replace(/\/$/, '')}/${projectId}`;
}
