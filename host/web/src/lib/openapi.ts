/** The parts of an OpenAPI 3.1 document that the reference page shows. */

export type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  items?: Schema | boolean;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  default?: unknown;
  example?: unknown;
  examples?: unknown[];
};

export type Parameter = {
  $ref?: string;
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
  example?: unknown;
};

type Media = { schema?: Schema; example?: unknown; examples?: Record<string, { value?: unknown }> };
export type Body = { $ref?: string; description?: string; content?: Record<string, Media>; required?: boolean };

export type Operation = {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: Body;
  responses?: Record<string, Body>;
  security?: Record<string, string[]>[];
};

export type Document = {
  openapi: string;
  info: { title: string; version: string; description?: string };
  paths?: Record<string, Record<string, unknown>>;
  components?: Record<string, Record<string, unknown>>;
  tags?: { name: string; description?: string }[];
};

export type Entry = { id: string; method: string; path: string; operation: Operation; parameters: Parameter[] };
export type Group = { name: string; description: string; entries: Entry[] };

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

export function resolve<T extends { $ref?: string }>(document: Document, item: T | undefined): T | undefined {
  let found: unknown = item;
  for (let step = 0; step < 8; step += 1) {
    const ref = (found as { $ref?: string } | undefined)?.$ref;
    if (!ref?.startsWith('#/')) break;
    const keys = ref.slice(2).split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    found = keys.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
  }
  return found as T | undefined;
}

export const refName = (schema: Schema) => schema.$ref?.split('/').at(-1) ?? null;

/** Operations by their first tag, in the order of the document. */
export function groups(document: Document): Group[] {
  const known = new Map<string, Group>();
  for (const { name, description } of document.tags ?? []) known.set(name, { name, description: description ?? '', entries: [] });
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    const shared = (item['parameters'] as Parameter[] | undefined) ?? [];
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined;
      if (!operation) continue;
      const name = operation.tags?.[0] ?? 'other';
      const group = known.get(name) ?? { name, description: '', entries: [] };
      known.set(name, group);
      const parameters = [...shared, ...(operation.parameters ?? [])].flatMap((one) => resolve(document, one) ?? []);
      group.entries.push({ id: `${method} ${path}`, method, path, operation, parameters });
    }
  }
  return [...known.values()].filter((group) => group.entries.length);
}

/** `string (date-time) | null`, `Run[]` */
export function typeWords(schema: Schema | boolean | undefined): string {
  if (!schema || schema === true) return 'anything';
  const name = refName(schema);
  if (name) return name;
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return either.map(typeWords).join(' | ');
  if (schema.allOf?.length === 1) return typeWords(schema.allOf[0]);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const types = Array.isArray(schema.type) ? schema.type : schema.type ? [schema.type] : [schema.properties ? 'object' : 'anything'];
  return types.map((type) => (type === 'array' ? `${typeWords(schema.items)}[]` : schema.format && type !== 'null' ? `${type} (${schema.format})` : type)).join(' | ');
}

/** A value of the schema's shape, for the examples that the document leaves out. */
export function exampleOf(document: Document, schema: Schema | undefined, depth = 0): unknown {
  const real = resolve(document, schema);
  if (!real || depth > 5) return null;
  if (real.example !== undefined) return real.example;
  if (real.examples?.length) return real.examples[0];
  if (real.const !== undefined) return real.const;
  if (real.enum?.length) return real.enum[0];
  if (real.default !== undefined) return real.default;
  const variant = (real.anyOf ?? real.oneOf ?? real.allOf)?.find((one) => one.type !== 'null');
  if (variant && !real.properties) return exampleOf(document, variant, depth + 1);
  const type = Array.isArray(real.type) ? real.type.find((one) => one !== 'null') : real.type;
  if (real.properties) {
    return Object.fromEntries(Object.entries(real.properties).map(([key, value]) => [key, exampleOf(document, value, depth + 1)]));
  }
  if (type === 'array') return typeof real.items === 'object' ? [exampleOf(document, real.items, depth + 1)] : [];
  if (type === 'string') return real.format === 'date-time' ? '2026-01-31T04:00:00Z' : real.format === 'uuid' ? '01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f' : 'text';
  if (type === 'integer' || type === 'number') return 0;
  if (type === 'boolean') return true;
  return {};
}

export const jsonBody = (body: Body | undefined) => {
  const media = body?.content;
  return media?.['application/json'] ?? media?.[Object.keys(media)[0] ?? ''];
};

/** The address with the values filled in; what is missing keeps its braces. */
export function addressOf(entry: Entry, values: Record<string, string>): string {
  const path = entry.path.replaceAll(/\{(\w+)\}/g, (braces, name: string) => (values[name] ? encodeURIComponent(values[name]) : braces));
  const query = new URLSearchParams();
  for (const { name, in: where } of entry.parameters) if (where === 'query' && values[name]) query.set(name, values[name]);
  const text = query.toString();
  return path + (text && `?${text}`);
}

export function curlOf(document: Document, entry: Entry, values: Record<string, string>, origin: string): string {
  const parts = ['curl'];
  if (entry.method !== 'get') parts.push(`-X ${entry.method.toUpperCase()}`);
  if (entry.path.startsWith('/api/v1')) parts.push(`-H 'Authorization: Bearer TOKEN'`);
  const media = jsonBody(resolve(document, entry.operation.requestBody));
  if (media) {
    const example = media.example ?? exampleOf(document, media.schema);
    parts.push(`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(example).replaceAll("'", `'\\''`)}'`);
  }
  parts.push(`'${origin}${addressOf(entry, values)}'`);
  return parts.join(' \\\n  ');
}
