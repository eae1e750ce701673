import { checkFiles } from './check-files.ts'

const { lines, isClean } = checkFiles(process.argv.slice(2))
for (const line of lines) process.stdout.write(`${line}\n`)
process.exitCode = isClean ? 0 : 1
