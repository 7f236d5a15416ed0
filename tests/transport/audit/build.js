// Builds, as clients do, the schema of each answer to an introspection that it is given the file of.
import { readFileSync } from "node:fs";
import { buildClientSchema, validateSchema } from "graphql";

for (const file of process.argv.slice(2)) {
  const schema = buildClientSchema(JSON.parse(readFileSync(file, "utf8")));
  const errors = validateSchema(schema).map((error) => error.message);
  const types = Object.keys(schema.getTypeMap()).sort();
  console.log(JSON.stringify({ file, errors, types }));
}
