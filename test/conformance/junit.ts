import { parseXml, XmlElement } from '@rgrove/parse-xml';

/** What the suite says of one test. */
export interface TestCase {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  /** Why it failed; empty otherwise. */
  readonly message: string;
}

/** Entries of a report that are no tests: ginkgo 2 reports its own steps beside them. */
const steps = /^\[(?:Synchronized)?(?:BeforeSuite|AfterSuite|ReportBeforeSuite|ReportAfterSuite|DeferCleanup)/;
const stepsOfGinkgo1 = new Set(['BeforeSuite', 'AfterSuite', 'SynchronizedBeforeSuite', 'SynchronizedAfterSuite']);

/** Reads a JUnit report as ginkgo 1 and 2 write it. Throws when it is not well-formed XML. */
export function parseReport(xml: string): TestCase[] {
  const { root } = parseXml(xml);
  return root === null ? [] : casesBelow(root).filter(({ name }) => !steps.test(name) && !stepsOfGinkgo1.has(name));
}

function casesBelow(element: XmlElement): TestCase[] {
  if (element.name === 'testcase') return [toCase(element)];
  return elementsOf(element).flatMap(casesBelow);
}

function toCase(element: XmlElement): TestCase {
  const children = elementsOf(element);
  const fault = children.find(({ name }) => name === 'failure' || name === 'error');
  const skipped = children.some(({ name }) => name === 'skipped');
  const seconds = Number(element.attributes['time'] ?? '0');
  return {
    name: (element.attributes['name'] ?? '').replace(/^\[It\] /, '').trim(),
    outcome: fault ? 'failed' : skipped ? 'skipped' : 'passed',
    seconds: Number.isFinite(seconds) ? seconds : 0,
    message: fault ? (fault.text.trim() || fault.attributes['message'] || '').trim() : '',
  };
}

function elementsOf(element: XmlElement): XmlElement[] {
  return element.children.filter((child): child is XmlElement => child instanceof XmlElement);
}

/** The line of a failure's message that tells most: not where in the suite's source it happened. */
export function firstErrorLine(message: string): string {
  const lines = message.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => line !== '' && !/^\/?\S+\.go:\d+$/.test(line) && !/^_output\//.test(line));
  return (telling[0] ?? lines[0] ?? '').slice(0, 300);
}
