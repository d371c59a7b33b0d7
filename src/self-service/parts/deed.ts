/**
 * What an account does for itself: a form, an operation of the command table, and what is said
 * then. From the operation follow the control of each field and what it may hold. Only declared
 * fields are read; whose it is the session says, and the operation refuses what is another's
 * (admin/own-account.ts). What a wrong form held stays typed.
 */
import { AdminError, type AdminErrorKind } from '../../admin/error.ts';
import type { Input } from '../../admin/input.ts';
import type { OperationName, OperationResult } from '../../admin/operations.ts';
import { type Reply, visitorOf } from '../../web/core/page.ts';
import { note } from '../../web/look/parts.ts';
import { problemOf } from '../../web/look/problem.ts';
import {
  type Both,
  type Field,
  type FieldProblems,
  type FieldWords,
  fieldsHtml,
  fieldsOf,
  readFields,
} from '../../web/parts/fields.ts';
import { hiddenFields } from '../../web/login/forms.ts';
import { type Html, attributes, html } from '../../http/html.ts';
import type { Asked, Page } from '../core/page.ts';

export interface OwnDeedWords {
  readonly title: string;
  /** What will happen. */
  readonly lead: string;
  readonly button: string;
  readonly back: string;
  readonly fields: Readonly<Record<string, FieldWords>>;
  /** Where something may come as a file. */
  readonly file?: FieldWords;
  /** Where the operation refuses, by why; `failed` stands for all others. */
  readonly refused: { readonly failed: string } & Partial<Record<AdminErrorKind, string>>;
}

export interface OwnDeed<N extends OperationName> {
  readonly path: string;
  readonly operation: N;
  /** Inputs that the form asks for. */
  readonly fields: readonly string[];
  /** The input that says which one it is about: in the address of the form, and along with it. */
  readonly which?: string;
  /** One of these may come as a small file as well: what its octets are as text. */
  readonly asFile?: { readonly input: string; readonly read: (file: Buffer) => string };
  /** Path of the page that the link "back" opens. */
  readonly back: string;
  readonly words: Both<OwnDeedWords>;
  /** The input that the session gives. */
  readonly input: (login: string) => Input;
  readonly done: (asked: Asked, result: OperationResult<N>) => Reply;
}

const MAX_WHICH = 320;

interface Problem {
  readonly status: number;
  readonly said: string | undefined;
  readonly fields?: FieldProblems;
}

function formPage<N extends OperationName>(
  asked: Asked,
  { path, operation, fields, which, asFile, back, words: both }: OwnDeed<N>,
  { chosen, problem }: { readonly chosen: string; readonly problem?: Problem },
): Reply {
  const words = both[asked.language];
  const { token } = visitorOf(asked);
  const hidden = { token, ...(which === undefined ? {} : { which: chosen }) };
  const showing = {
    language: asked.language,
    words: words.fields,
    typed: asked.field,
    ...(problem?.fields === undefined ? {} : { problems: problem.fields }),
  };
  const about: Html | undefined = which === undefined ? undefined : html`<p><b>${chosen}</b></p>`;
  return {
    kind: 'page',
    status: problem?.status ?? 200,
    title: words.title,
    body: html`${problem?.said === undefined ? undefined : note('bad', html`<p role="alert">${problem.said}</p>`)}
<div class="card"><p>${words.lead}</p>${about}<form method="post" action="${path}"${attributes({ enctype: asFile && 'multipart/form-data' })}>${hiddenFields(hidden)}
${fieldsHtml(eitherWay(fieldsOf(operation, fields), asFile), showing)}${asFile && fileHtml(words)}<button>${words.button}</button></form></div>
<p><a class="button second" href="${back}">${words.back}</a></p>`,
  };
}

/**
 * What may come as a file need not be typed: the browser lets it be empty, and the gateway says
 * where neither is there.
 */
const eitherWay = (fields: readonly Field[], asFile: OwnDeed<OperationName>['asFile']): readonly Field[] =>
  fields.map((field) =>
    field.name === asFile?.input ? { ...field, param: { ...field.param, optional: true } } : field,
  );

/** `file`: the name of the field. */
const fileHtml = ({ file }: OwnDeedWords): Html =>
  html`<label for="file">${file?.label}</label><span class="hint" id="file-hint">${file?.hint}</span>
<input type="file" id="file" name="file" aria-describedby="file-hint">`;

/** The typed text, or else that of the file. */
function typedIn(asked: Asked, all: readonly Field[], asFile: OwnDeed<OperationName>['asFile']): Asked['field'] {
  const key = all.find(({ name }) => name === asFile?.input)?.key;
  const file = asked.octets('file');
  if (asFile === undefined || key === undefined || file.length === 0) return asked.field;
  return (name) => (name === key && asked.field(name).trim() === '' ? asFile.read(file) : asked.field(name));
}

/** The form, and what it does. */
export function ownDeedPages<N extends OperationName>(deed: OwnDeed<N>): readonly Page[] {
  const { path, operation, fields, which, asFile, words, input } = deed;
  const all = fieldsOf(operation, fields);
  return [
    {
      method: 'GET',
      path,
      access: 'session',
      run: (asked) => formPage(asked, deed, { chosen: (asked.query.get(which ?? '') ?? '').slice(0, MAX_WHICH) }),
    },
    {
      method: 'POST',
      path,
      access: 'session',
      run: async (asked) => {
        const { language, now } = asked;
        const field = typedIn(asked, all, asFile);
        const chosen = asked.field('which').slice(0, MAX_WHICH);
        const { input: typed, problems } = readFields(all, { language, field, now });
        if (problems.size > 0)
          return formPage(asked, deed, { chosen, problem: { status: 422, said: undefined, fields: problems } });
        const { login } = visitorOf(asked).record.account;
        try {
          const whole = { ...typed, ...(which === undefined ? {} : { [which]: chosen }), ...input(login) };
          return deed.done(asked, await asked.operate(operation, whole));
        } catch (error) {
          if (!(error instanceof AdminError)) throw error;
          const { refused } = words[language];
          const problem = { status: problemOf(error.kind).status, said: refused[error.kind] ?? refused.failed };
          return formPage(asked, deed, { chosen, problem });
        }
      },
    },
  ];
}
