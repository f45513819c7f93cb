// Counts the messages, people and kinds of content of one chat with telegram-chat-parser: `scripts/test-exports` runs it.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const [, , modules, ...chats] = process.argv;
const { TelegramChat } = require(join(modules, 'telegram-chat-parser'));

const counted = chats.map((path) => {
  const chat = new TelegramChat(readFileSync(path, 'utf8'));
  const kinds = {};
  for (const message of chat.messages) kinds[message.contentType] = (kinds[message.contentType] ?? 0) + 1;
  const texts = chat.messages.filter((message) => message.isMessage).map((message) => message.text());
  return { path, messages: chat.messages.map((message) => message.id), people: chat.participants.map((it) => it.id), kinds, texts };
});
process.stdout.write(JSON.stringify(counted));
