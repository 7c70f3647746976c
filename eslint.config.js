import tseslint from "typescript-eslint";

const noResourceInApply = {
  selector:
    "CallExpression[callee.property.name='apply'] NewExpression:not([callee.name=/(Error|Map|Set|Date|URL)$/])",
  message: "No resources inside apply(): they are missing from preview.",
};
const noStackName = {
  selector: "CallExpression[callee.property.name='getStack']",
  message: "Only config/load.ts asks for the stack.",
};
const noPulumiConfig = {
  selector: "NewExpression[callee.property.name='Config']",
  message: "Only config/load.ts reads the stack's configuration.",
};
const noEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: "Components take arguments; only the command line and the twin read the environment.",
};

export default tseslint.config(
  { ignores: ["node_modules/", "twin/.state/", "**/*.mjs", "**/*.js", "**/*.cjs"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "no-restricted-syntax": [
        "error",
        noResourceInApply,
        noStackName,
        noPulumiConfig,
        noEnvironment,
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // A resource is often made for its effect alone.
      "no-new": "off",
      "@typescript-eslint/no-extraneous-class": "off",
    },
  },
  {
    // The one reader of pulumi.Config and of the stack's name.
    files: ["config/load.ts"],
    rules: { "no-restricted-syntax": ["error", noResourceInApply, noEnvironment] },
  },
  {
    files: ["cli/**", "lib/paths.ts", "twin/**", "test/**"],
    rules: { "no-restricted-syntax": ["error", noResourceInApply, noStackName] },
  },
  {
    files: ["test/**"],
    rules: {
      // chai's assertions are property reads.
      "@typescript-eslint/no-unused-expressions": "off",
    },
  },
);
