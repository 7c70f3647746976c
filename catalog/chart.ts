/** Folder of the one chart that renders every service, from the repository's root. */
export const chartPath = "helm-charts/standard-service";

/** Runs Helm and returns its standard output; rejects with Helm's message. */
export type Helm = (args: readonly string[]) => Promise<string>;

/** The inputs for rendering one service. */
export interface RenderRequest {
  /** Folder of the chart. */
  readonly chart: string;
  /** Also the name of the release and of the namespace. */
  readonly service: string;
  /** The service file; `-` for Helm's standard input. */
  readonly values: string;
  /** Minor version such as `1.36`; undefined for Helm's default. */
  readonly kubernetesVersion: string | undefined;
}

/**
 * Returns the manifests of a service as YAML, as Argo CD renders them.
 * @throws Error with Helm's message when the chart cannot be rendered
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
