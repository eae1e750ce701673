import { app, type InvocationContext, type Timer } from '@azure/functions';
const g = globalThis as any; g.__ticks ??= [];
app.timer('tick', { schedule: '%TICK_SCHEDULE%', runOnStartup: true, handler: async (t: Timer, ctx: InvocationContext) => { g.__ticks.push(t); ctx.log('tick', JSON.stringify(t)); } });
app.timer('nightly', { schedule: '0 30 2 * * *', handler: async (t: Timer, ctx: InvocationContext) => { g.__ticks.push({ nightly: t }); ctx.log('nightly', JSON.stringify(t)); } });
let fails = 0;
app.timer('flaky', { schedule: '0 0 3 * * *', retry: { strategy: 'fixedDelay', delayInterval: { milliseconds: 1000 }, maxRetryCount: 2 }, handler: async (_t: Timer, ctx: InvocationContext) => { ctx.log('flaky attempt', JSON.stringify(ctx.retryContext ?? null)); if (++fails % 3 !== 0) throw new Error('flaky ' + fails); } });
