// Fastify as its documentation shows it; handles no signal.
const fastify = require('fastify')();
fastify.get('/', async () => 'fastify');
fastify.listen({port: 3000, host: '0.0.0.0'});
