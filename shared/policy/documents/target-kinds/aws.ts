import { z } from 'zod'
import { distinct, text } from '../primitives.ts'

const ARN = /^arn:(aws|aws-cn|aws-us-gov):iam::\d{12}:role\/(?:[\w+=,.@-]{1,64}\/){0,8}[\w+=,.@-]{1,64}$/

/** Which regions belong to a partition: credentials of one are worth nothing in another. */
const REGIONS: Record<string, RegExp> = {
  aws: /^(?!cn-|us-gov-)[a-z]{2}-[a-z]{4,9}-\d$/,
  'aws-cn': /^cn-[a-z]{4,9}-\d$/,
  'aws-us-gov': /^us-gov-[a-z]{4,9}-\d$/,
}

const Action = z
  .string()
  .max(128)
  .regex(/^[a-z0-9-]{2,64}:[A-Za-z0-9*?]{1,64}$/, 'must be <service>:<action>, such as s3:GetObject')

const Resource = z
  .string()
  .max(512)
  .regex(
    /^(?:\*|arn:[a-z-]{3,12}:[A-Za-z0-9-]{1,64}:[A-Za-z0-9*-]{0,32}:[0-9*]{0,12}:[\x21-\x7e]{1,400})$/,
    'must be an ARN or *',
  )

const Statement = z.strictObject({
  Sid: z
    .string()
    .regex(/^[A-Za-z0-9]{1,64}$/)
    .optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: distinct(Action, 50),
  Resource: distinct(Resource, 50),
  Condition: z.record(z.string().max(64), z.record(z.string().max(128), distinct(text(256), 20))).optional(),
})

/** The session policy of a role: what is left of the role's power (role ∩ session policy). AWS takes 2,048 characters. */
const SessionPolicy = z
  .strictObject({ Version: z.literal('2012-10-17'), Statement: z.array(Statement).min(1).max(20) })
  .refine((policy) => JSON.stringify(policy).length <= 2_048, 'must be at most 2,048 characters')

/** AWS credentials by AssumeRoleWithWebIdentity. */
export const AwsToken = z
  .strictObject({
    kind: z.literal('aws'),
    role: z.string().regex(ARN, 'must be the ARN of a role: arn:aws:iam::<account>:role/<name>'),
    /** Whose Security Token Service is asked. */
    region: z.string().default('us-east-1'),
    sessionPolicy: SessionPolicy,
    maxTtlSeconds: z.int().min(900).max(3_600).default(3_600),
  })
  .superRefine(({ role, region }, context) => {
    const [, partition = ''] = ARN.exec(role) ?? []
    if (!REGIONS[partition] || REGIONS[partition].test(region)) return
    context.addIssue({ code: 'custom', path: ['region'], message: 'must be a region of the partition of the role' })
  })

export type AwsToken = z.infer<typeof AwsToken>

/** How AWS names what only reads. */
const READS = /:(?:get|list|describe|head|batchget|query|scan|select|lookup|search|view)/i

/** Whether the session policy leaves anything that could change something. */
export const awsWrites = ({ sessionPolicy }: AwsToken): boolean =>
  sessionPolicy.Statement.some(
    ({ Effect, Action }) => Effect === 'Allow' && !Action.every((action) => READS.test(action)),
  )
