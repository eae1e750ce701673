import type { Check } from './finding.ts'

/** A secret is never part of a definition: everyone who may read the workflow could read it. */
export const parameters: Check = (workflow) =>
  Object.entries(workflow.parameters)
    .filter(([, { type, defaultValue }]) => /^secure/i.test(type) && defaultValue !== undefined)
    .map(([name]) => ({
      rule: 'secret-default',
      step: 'workflow',
      pointer: `/parameters/${name}/defaultValue`,
      message: `the secret parameter \`${name}\` has a default: remove it and pass a value when deploying`,
    }))
