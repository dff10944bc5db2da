// Checks rendered manifests without a cluster: kubernetes-models finds wrong values, and the compiler, given the
// manifests as typed literals of kubernetes-types, finds unknown names. Also that selectors and names meet.
// usage: node helm/check-manifests.mjs TOOLS RENDERED      (TOOLS as filled by helm/fetch-tools.sh)
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';

const [tools, rendered] = process.argv.slice(2).map((folder) => resolve(folder));
const models = createRequire(join(tools, 'package.json'));
const OF_OPERATOR = 'monitoring.coreos.com/v1'; // its types are not part of Kubernetes

function manifests(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml'))
    .flatMap((path) =>
      parseAllDocuments(readFileSync(join(folder, path), 'utf8'))
        .map((document) => document.toJS())
        .filter((value) => value !== null)
        .map((value) => ({ path: relative(folder, join(folder, path)), value })),
    );
}

function wrongValue({ path, value }) {
  const Model = models(`kubernetes-models/${value.apiVersion}/${value.kind}`)[value.kind];
  try {
    new Model(value).validate();
    return [];
  } catch (error) {
    return [`${path}: ${error.message}`];
  }
}

function unknownNames(items) {
  const lines = items.map(({ path, value }, index) => {
    const version = value.apiVersion.includes('/') ? value.apiVersion : `core/${value.apiVersion}`;
    const module = `kubernetes-types/${version.replace('.k8s.io', '')}`;
    return `export const m${index}: import('${module}').${value.kind} = ${JSON.stringify(value)}; // ${path}`;
  });
  const file = join(rendered, 'manifests.ts');
  writeFileSync(file, lines.join('\n'));
  symlinkSync(join(tools, 'node_modules'), join(rendered, 'node_modules'));
  const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], moduleResolution: 100, module: 99 };
  return ts.getPreEmitDiagnostics(ts.createProgram([file], options)).map((found) => {
    const line = found.file?.getLineAndCharacterOfPosition(found.start ?? 0).line ?? 0;
    return `${items[line]?.path ?? '?'}: ${ts.flattenDiagnosticMessageText(found.messageText, ' ')}`;
  });
}

const holds = (labels, selector) => Object.entries(selector).every(([key, value]) => labels[key] === value);

function loose(items) {
  const found = [];
  const pods = items.filter(({ value }) => value.kind === 'Deployment').map(({ value }) => value.spec.template);
  const services = items.filter(({ value }) => value.kind === 'Service').map(({ value }) => value);
  for (const { spec } of services) {
    if (!pods.some((pod) => holds(pod.metadata.labels, spec.selector))) found.push('a Service selects no pod');
  }
  for (const { path, value } of items.filter((item) => item.value.kind === 'Job')) {
    const labels = value.spec.template.metadata.labels;
    if (services.some(({ spec }) => holds(labels, spec.selector))) found.push(`${path}: a Service selects the Job`);
  }
  for (const { path, value } of items.filter((item) => item.value.kind === 'ServiceMonitor')) {
    const service = services.find(({ metadata }) => holds(metadata.labels, value.spec.selector.matchLabels));
    const ports = service?.spec.ports.map(({ name }) => name) ?? [];
    if (!value.spec.endpoints.every(({ port }) => ports.includes(port))) found.push(`${path}: no such Service or port`);
  }
  return found;
}

const all = readdirSync(rendered, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => ({ set: entry.name, items: manifests(join(rendered, entry.name)) }));
const ours = all.flatMap(({ set, items }) => items.map((item) => ({ ...item, path: `${set}/${item.path}` })));
const native = ours.filter(({ value }) => value.apiVersion !== OF_OPERATOR);
const problems = [
  ...native.flatMap(wrongValue),
  ...unknownNames(native),
  ...all.flatMap(({ set, items }) => loose(items).map((text) => `${set}: ${text}`)),
];
if (native.length === 0) problems.push(`no manifest below ${rendered}`);
for (const problem of problems) console.error(problem);
console.log(`${native.length} manifests of ${all.length} sets of values checked, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
