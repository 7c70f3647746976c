import chromium from "@sparticuz/chromium";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { z } from "zod";
import { repositoryRoot } from "../../lib/paths.ts";

/** Where tests leave files for a person to look at; not in git. */
const artifacts = join(repositoryRoot, "test/e2e/artifacts");

/**
 * A separate browser without a window: the Chromium of an npm package, for Linux on x64. Elsewhere the variable
 * CHROMIUM names a program.
 */
export async function startBrowser(): Promise<Browser> {
  return puppeteer.launch({
    args: chromium.args,
    executablePath: process.env["CHROMIUM"] ?? (await chromium.executablePath()),
    headless: "shell",
  });
}

/** A page under test, and what it reported. */
export interface Opened {
  readonly page: Page;
  /** Every error from its console and from loading. */
  readonly complaints: string[];
}

/** Opens an address as a reader's system has it: light or dark, wide or narrow (CSS pixels). */
export async function open(
  browser: Browser,
  url: string,
  { scheme = "light", width = 1280 }: { scheme?: "light" | "dark"; width?: number } = {},
): Promise<Opened> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(`not loaded: ${request.url()}`));
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:")) {
      complaints.push(`asked for ${request.url()}`);
    }
  });
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(url);
  return { page, complaints };
}

/** Keeps a picture of the page among the {@link artifacts}. */
export async function keepPicture(page: Page, name: `${string}.png`): Promise<void> {
  const path: `${string}.png` = `${artifacts}/${name}`;
  mkdirSync(dirname(path), { recursive: true });
  await page.screenshot({ path, fullPage: true });
}

/**
 * Asks the page something.
 * @param expression JavaScript; as text, because a type check of it would need the browser's globals, `name` and `status`
 *   among them, in every file of this repository
 */
export async function ask<T>(page: Page, answer: z.ZodType<T>, expression: string): Promise<T> {
  return answer.parse(await page.evaluate(expression));
}

/** Returns the texts of the elements that a selector finds, with white space collapsed. */
export function textsOf(page: Page, selector: string): Promise<string[]> {
  const elements = `[...document.querySelectorAll(${JSON.stringify(selector)})]`;
  return ask(page, z.array(z.string()), `${elements}.map((found) => ${plainText("found")})`);
}

/** The cells of a table's body as a reader sees them, row by row; the rows' heads with them. */
export function tableRows(page: Page): Promise<string[][]> {
  return ask(
    page,
    z.array(z.array(z.string())),
    `[...document.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => ${plainText("cell")}))`,
  );
}

/** Expression for the text of the element that a variable of the page holds. */
export function plainText(variable: string): string {
  return `${variable}.textContent.replaceAll(/\\s+/g, " ").trim()`;
}

/** A text that is hard to read: its words and its contrast with what is behind it. */
export interface FaintText {
  readonly text: string;
  readonly contrast: number;
}

const colouredTexts = `
  const background = (element) => {
    if (element === null) return "rgb(255, 255, 255)";
    const color = getComputedStyle(element).backgroundColor;
    return color === "rgba(0, 0, 0, 0)" ? background(element.parentElement) : color;
  };
  const hasText = ({ childNodes }) =>
    [...childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "");
  [...document.querySelectorAll("body *")].filter(hasText).map((element) => ({
    text: ${plainText("element")},
    front: getComputedStyle(element).color,
    back: background(element),
  }));
`;
const ColouredText = z.object({ text: z.string(), front: z.string(), back: z.string() });

/**
 * The texts of a page whose contrast is lower than WCAG 2.2 asks of text of any size at level AA (4.5), computed from the
 * styles that the browser came to.
 */
export async function faintTexts(page: Page, least = 4.5): Promise<FaintText[]> {
  const found = await ask(page, z.array(ColouredText), `{${colouredTexts}}`);
  return found
    .map(({ text, front, back }) => ({ text, contrast: contrast(front, back) }))
    .filter((one) => one.contrast < least);
}

/** WCAG 2.2's contrast ratio of two colours given as `rgb(r, g, b)`. @throws Error on another form, such as one with an alpha */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const parts = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(color)?.slice(1).map(Number);
  if (parts === undefined) throw new Error(`${color} is not an opaque rgb(...)`);
  const [red = 0, green = 0, blue = 0] = parts.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
