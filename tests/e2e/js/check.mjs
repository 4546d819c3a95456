// Acts as an administrator with a current Element client; its last line is what came of it, as JSON.
//
//   node check.mjs '{"url": …, "user": …, "password": …, "luna": "@luna:…", "room": "!…"}'
//
// The client trusts, as Element does since 2026, only devices that their owner has signed: it
// neither encrypts for others nor decrypts what they send.

import "./polyfills.mjs";
import * as sdk from "matrix-js-sdk";
import { OnlySignedDevicesIsolationMode } from "matrix-js-sdk/lib/crypto-api/index.js";

const PATIENCE_MS = 30_000;
const { url, user, password, luna, room } = JSON.parse(process.argv[2]);

const byPassword = { type: "m.login.password", identifier: { type: "m.id.user", user }, password };

async function logIn() {
    const session = await sdk.createClient({ baseUrl: url }).loginRequest(byPassword);
    const client = sdk.createClient({
        baseUrl: url,
        userId: session.user_id,
        deviceId: session.device_id,
        accessToken: session.access_token,
    });
    await client.initRustCrypto({ useIndexedDB: false });
    const crypto = client.getCrypto();
    await crypto.bootstrapCrossSigning({
        authUploadDeviceSigningKeys: (makeRequest) => makeRequest(byPassword),
    });
    crypto.setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
    return client;
}

// Asks `look` now and at every event that arrives or is decrypted, until it returns something.
function waitFor(client, what, look) {
    const { promise, resolve, reject } = Promise.withResolvers();
    const check = () => {
        const found = look();
        if (found) resolve(found);
    };
    const late = () => reject(new Error(`not in ${PATIENCE_MS} ms: ${what}`));
    const timer = setTimeout(late, PATIENCE_MS);
    client.on(sdk.RoomEvent.Timeline, check);
    client.on(sdk.MatrixEventEvent.Decrypted, check);
    client.on(sdk.ClientEvent.Sync, check);
    check();
    return promise.finally(() => clearTimeout(timer));
}

function events(client) {
    return client.getRoom(room)?.getLiveTimeline().getEvents() ?? [];
}

function isReply(event, id) {
    const isMessage = event.getType() === "m.room.message"; // decrypted, that is
    return event.getSender() === luna && isMessage && event.replyEventId === id;
}

function isMark(event, id) {
    const relation = event.getRelation();
    return event.getSender() === luna && relation?.event_id === id && "✅❌".includes(relation.key);
}

async function lunasDevices(client) {
    const crypto = client.getCrypto();
    const devices = (await crypto.getUserDeviceInfo([luna], true)).get(luna);
    const ids = [...(devices?.keys() ?? [])];
    return Promise.all(
        ids.map(async (id) => {
            const status = await crypto.getDeviceVerificationStatus(luna, id);
            return { id, signedByOwner: status.signedByOwner };
        }),
    );
}

const client = await logIn();
await client.joinRoom(room);
await client.startClient();
await waitFor(client, "the room, encrypted", () => client.getRoom(room)?.hasEncryptionStateEvent());
const devices = await lunasDevices(client);
const { event_id: command } = await client.sendTextMessage(room, "/health");
const find = (predicate) => () => events(client).find((event) => predicate(event, command));
const answer = await waitFor(client, "the answer", find(isReply));
const mark = await waitFor(client, "the mark", find(isMark));
const sent = find((event) => event.getId() === command)();
client.stopClient();
console.log(
    JSON.stringify({
        devices,
        commandEncrypted: sent.isEncrypted(),
        answer: answer.getContent().body,
        answerEncrypted: answer.isEncrypted(),
        mark: mark.getRelation().key,
    }),
);
process.exit(0);
