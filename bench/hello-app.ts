import { app } from '@azure/functions'

// The bare app of the cold-start benchmark.
app.http('hello', {
  route: 'bench/hello',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: async () => ({ body: 'hello' }),
})
