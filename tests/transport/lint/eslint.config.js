// The rules of graphql-eslint for schemas, and for those that Relay reads. Three are told what
// holds in this one: objects without an id are values (docs/architecture.md), lists that cannot
// grow are plain lists, and connections are paged forward.
import { readFileSync } from "node:fs";
import plugin from "@graphql-eslint/eslint-plugin";

const types = JSON.parse(readFileSync("values.json", "utf8"));

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: {
      parser: plugin.parser,
      parserOptions: { graphQLConfig: { schema: "./schema.graphql" } },
    },
    plugins: { "@graphql-eslint": plugin },
    rules: {
      ...plugin.configs["flat/schema-recommended"].rules,
      ...plugin.configs["flat/schema-relay"].rules,
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false }],
      "@graphql-eslint/strict-id-in-types": ["error", { exceptions: { types } }],
    },
  },
];
