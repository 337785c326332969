/** Secrets in a command line that a user wrote: what stands after `--api-key`, `HF_TOKEN=` and their like. */

const HIDDEN = '[hidden]'

/** The name's last word says what it holds: `--tokenizer` and `--max-tokens` are not meant. */
const SECRET =
  /((?:^|[\s;&|("'])(?:-{1,2}[\w-]*?(?:key|token|secret|password)(?:=|\s+)|\w*(?:KEY|TOKEN|SECRET|PASSWORD)=))("[^"]*"|'[^']*'|[^\s;&|)]+)/g

/** As they stand there, without quotes. */
export function findCommandSecrets(command: string): readonly string[] {
  return [...command.matchAll(SECRET)]
    .map(([, , value]) => value!.replace(/^(["'])(.*)\1$/s, '$2'))
    .filter((value) => value !== '' && !value.startsWith('$'))
}

export function hideCommandSecrets(command: string): string {
  return command.replace(SECRET, (_, name: string, value: string) => name + (value.startsWith('$') ? value : HIDDEN))
}

/** Of a variable: `HF_TOKEN`, `aws_secret_access_key`. */
export function isSecretName(name: string): boolean {
  return /(?:key|token|secret|password)$/i.test(name)
}
