/** Folder of the one chart that every service is rendered by, from the repository's root. */
export const chartPath = "helm-charts/standard-service";

/** Runs Helm. @returns its standard output; rejects with its words */
export type Helm = (args: readonly string[]) => Promise<string>;

/** What one service is rendered from. */
export interface RenderRequest {
  /** Folder of the chart. */
  readonly chart: string;
  /** Also the release and the namespace. */
  readonly service: string;
  /** The service file; `-` for Helm's standard input. */
  readonly values: string;
  /** Minor version such as `1.36`; undefined for Helm's own. */
  readonly kubernetesVersion: string | undefined;
}

/**
 * The manifests of a service as Argo CD renders them, as YAML.
 * @throws Error with Helm's words when the chart cannot be rendered
 */
export function renderChart(
  helm: Helm,
  { chart, service, values, kubernetesVersion }: RenderRequest,
): Promise<string> {
  return helm([
    ...["template", service, chart, "--namespace", service, "--values", values],
    ...(kubernetesVersion === undefined ? [] : ["--kube-version", kubernetesVersion]),
  ]);
}
