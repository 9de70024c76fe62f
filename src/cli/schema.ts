// What does an editor need to complete and check the configuration?
//
// The JSON Schema, generated from the table that validates, on standard output. Point an
// editor at it with a first line `# yaml-language-server: $schema=./pillion.schema.json`.

import { jsonSchema } from '../config/json-schema.ts'
import { type Command, EXIT } from './arguments.ts'

export const schema: Command = {
  name: 'schema',
  summary: "Prints the configuration's JSON Schema, for editors.",
  usage: 'schema > pillion.schema.json',
  options: [],
  notes: ['Then begin the configuration with:  # yaml-language-server: $schema=./pillion.schema.json'],
  run: (_given, io) => {
    io.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`)
    return Promise.resolve(EXIT.done)
  },
}
