import { z } from "zod";
import { githubIssuer } from "../../components/iam-documents.ts";

/** Claims of a job's token, such as `sub` and `ref`. */
export type Claims = Readonly<Record<string, string>>;

const Trust = z.strictObject({
  Version: z.literal("2012-10-17"),
  Statement: z
    .array(
      z.strictObject({
        Effect: z.literal("Allow"),
        Principal: z.strictObject({ Federated: z.string() }),
        Action: z.literal("sts:AssumeRoleWithWebIdentity"),
        Condition: z.strictObject({
          StringEquals: z.record(
            z.string().startsWith(`${githubIssuer}:`),
            z.union([z.string(), z.array(z.string()).nonempty()]),
          ),
        }),
      }),
    )
    .nonempty(),
});

/** Returns the claims that each statement of a role's trust policy asks for, with the values that it takes. */
export function wantedClaims(assumeRolePolicy: string): Map<string, readonly string[]>[] {
  return Trust.parse(JSON.parse(assumeRolePolicy)).Statement.map(
    ({ Condition }) =>
      new Map(
        Object.entries(Condition.StringEquals).map(([key, values]) => [
          key.slice(githubIssuer.length + 1),
          [values].flat(),
        ]),
      ),
  );
}

/**
 * Whether a role's trust policy lets a job with these claims in. It knows what these policies are made of and refuses
 * any other: one condition, StringEquals, which is letter by letter. A claim that the token lacks matches nothing.
 */
export function letsIn(assumeRolePolicy: string, claims: Claims): boolean {
  return wantedClaims(assumeRolePolicy).some((wanted) =>
    [...wanted].every(([name, values]) => values.some((value) => value === claims[name])),
  );
}
