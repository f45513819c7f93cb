// Enough of a document to work on the reference page; the daemon makes the real one from its code.
const ref = (name) => ({ $ref: `#/components/schemas/${name}` });
const answer = (description, schema) => ({ description, content: { 'application/json': { schema } } });
const job = { name: 'job', in: 'path', required: true, description: 'Name of the job', schema: { type: 'string' } };

export const openapi = {
  openapi: '3.1.0',
  info: { title: 'Tapedeck', version: '0.1.0', description: 'Jobs, their runs and what they wrote. Times are RFC 3339 in UTC; errors are RFC 9457 problem documents with a `fix`.' },
  tags: [{ name: 'jobs', description: 'What runs, and when' }, { name: 'runs' }, { name: 'access' }],
  paths: {
    '/api/v1/jobs': { get: { operationId: 'listJobs', tags: ['jobs'], summary: 'List the jobs', parameters: [{ name: 'after', in: 'query', schema: { type: 'string' }, description: 'Start behind this name' }, { name: 'limit', in: 'query', schema: { type: 'integer', default: 100 } }], responses: { 200: answer('A page of jobs', { type: 'array', items: ref('JobView') }) } } },
    '/api/v1/jobs/{job}': { get: { operationId: 'getJob', tags: ['jobs'], summary: 'Read a job', parameters: [job], responses: { 200: answer('The job', ref('JobView')), 404: { description: 'No such job' } } } },
    '/api/v1/jobs/{job}/run': { post: { operationId: 'runJob', tags: ['jobs'], summary: 'Start a job now', parameters: [job], requestBody: { content: { 'application/json': { schema: { type: 'object', properties: { params: { type: 'object', description: 'Values for this run' } } }, example: { params: { folder: 'letters' } } } } }, responses: { 202: answer('The run', ref('Run')) } } },
    '/api/v1/runs': { get: { operationId: 'listRuns', tags: ['runs'], summary: 'List runs, newest first', parameters: [{ name: 'job', in: 'query', schema: { type: 'string' } }, { name: 'status', in: 'query', schema: ref('Status') }], responses: { 200: answer('A page of runs', { type: 'array', items: ref('Run') }) } } },
    '/api/v1/tokens/{id}': { delete: { operationId: 'deleteToken', tags: ['access'], summary: 'Delete a token', parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }], responses: { 204: { description: 'It is gone' } } } },
  },
  components: {
    schemas: {
      JobView: { type: 'object', description: 'A job as the page shows it', required: ['name', 'kind'], properties: { name: { type: 'string' }, kind: { type: 'string', description: 'command, webhook, …' }, next_due: { type: ['string', 'null'], format: 'date-time' }, recent: { type: 'array', items: ref('Run') } } },
      Run: { type: 'object', required: ['id', 'job', 'status'], properties: { id: { type: 'string', format: 'uuid' }, job: { type: 'string' }, status: ref('Status'), due: { type: 'string', format: 'date-time' } } },
      Status: { type: 'string', enum: ['queued', 'running', 'succeeded', 'failed'] },
    },
  },
};
