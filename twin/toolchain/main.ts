import { ensureTools, prepareTool } from "./build.ts";
import { ToolchainError } from "./error.ts";
import { toolFolder } from "./locate.ts";
import { definitionOf, isToolName, toolNames, type ToolName } from "./tools.ts";

const usage = `Builds the tools of the twin into the cache, all or the named ones, and prints where they are.

  node twin/toolchain/main.ts [tool ...]
  node twin/toolchain/main.ts --prepare <tool>   write a tool's patched sources to a folder, for work on its go.mod

Tools:
${toolNames.map((name) => `  ${name.padEnd(18)} ${definitionOf(name).version.padEnd(9)} ${definitionOf(name).purpose}`).join("\n")}
`;

async function main(words: readonly string[]): Promise<void> {
  if (words.includes("--help") || words.includes("-h")) {
    process.stdout.write(usage);
    return;
  }
  if (words[0] === "--prepare") {
    for (const name of toolsNamed(words.slice(1))) {
      process.stdout.write(`${await prepareTool(name)}\n`);
    }
    return;
  }
  const names = words.length === 0 ? toolNames : toolsNamed(words);
  await ensureTools(names);
  for (const name of names) process.stdout.write(`${toolFolder(name)}\n`);
}

function toolsNamed(words: readonly string[]): ToolName[] {
  return words.map((word) => {
    if (isToolName(word)) return word;
    throw new ToolchainError(`There is no tool ${word}. There are: ${toolNames.join(", ")}.`);
  });
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ToolchainError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
