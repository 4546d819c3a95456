// Verifies Luna by emoji as an administrator does in Element; its last line is what came of it.
//
//   node verify.mjs '{"url": …, "user": …, "password": …, "luna": "@luna:…"}'
//
// Opens an encrypted direct room with her, asks for verification there, compares the emoji with
// those in her notice and presses "They match". The JSON on the last line:
//   devices    her devices, each with signedByOwner
//   emoji      the seven emoji as this side computed them
//   announced  whether her notice holds the same, in the same order
//   verified   whether her account is verified for this administrator now
// Any other end is an error on stderr and exit status 1.

import "./polyfills.mjs";
import * as sdk from "matrix-js-sdk";
import {
    OnlySignedDevicesIsolationMode,
    VerificationPhase,
    VerifierEvent,
} from "matrix-js-sdk/lib/crypto-api/index.js";

const PATIENCE_MS = 30_000;
const { url, user, password, luna } = JSON.parse(process.argv[2]);

const byPassword = { type: "m.login.password", identifier: { type: "m.id.user", user }, password };

// Returns the first true value of a condition, asked every 50 ms: some of what is waited for here
// happens without an event.
async function until(what, condition) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > end) throw new Error(`not in ${PATIENCE_MS} ms: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

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
    await client.startClient();
    await until("the first sync", () => client.isInitialSyncComplete());
    return client;
}

async function openDirectRoom(client) {
    const encryption = { algorithm: "m.megolm.v1.aes-sha2" };
    const { room_id: id } = await client.createRoom({
        preset: "trusted_private_chat",
        is_direct: true,
        invite: [luna],
        initial_state: [{ type: "m.room.encryption", state_key: "", content: encryption }],
    });
    await until("Luna in the room", () => {
        return client.getRoom(id)?.getMember(luna)?.membership === "join";
    });
    return client.getRoom(id);
}

async function lunasDevices(crypto) {
    const devices = (await crypto.getUserDeviceInfo([luna], true)).get(luna);
    const ids = [...(devices?.keys() ?? [])];
    return Promise.all(
        ids.map(async (id) => {
            const status = await crypto.getDeviceVerificationStatus(luna, id);
            return { id, signedByOwner: status.signedByOwner };
        }),
    );
}

// Returns text without the selectors that only say whether an emoji is drawn in colour.
const plain = (text) => text.replaceAll("\uFE0F", "");

// Tells whether a notice of Luna's holds the emoji in this order.
function isAnnounced(room, emoji) {
    const events = room.getLiveTimeline().getEvents();
    return events.some((event) => {
        const { msgtype, body } = event.getContent();
        let from = 0;
        const isNext = (symbol) => (from = plain(body).indexOf(symbol, from) + 1) > 0;
        return event.getSender() === luna && msgtype === "m.notice" && emoji.every(isNext);
    });
}

async function verify(crypto, room) {
    const request = await crypto.requestVerificationDM(luna, room.roomId);
    const reached = (phase) =>
        until(`phase ${VerificationPhase[phase]} of the verification`, () => {
            if (request.phase === VerificationPhase.Cancelled)
                throw new Error(`the verification was cancelled: ${request.cancellationCode}`);
            return request.phase >= phase;
        });
    await reached(VerificationPhase.Ready);
    const verifier = await request.startVerification("m.sas.v1");
    const shown = new Promise((resolve) => verifier.once(VerifierEvent.ShowSas, resolve));
    const finished = verifier.verify();
    const comparison = await Promise.race([shown, finished]);
    const emoji = comparison.sas.emoji.map(([symbol]) => plain(symbol));
    const announced = await until("Luna's notice", () => isAnnounced(room, emoji));
    await comparison.confirm();
    await finished;
    await reached(VerificationPhase.Done);
    const verified = await until("the signature on her identity", async () => {
        const status = await crypto.getUserVerificationStatus(luna);
        return status.isCrossSigningVerified();
    });
    return { emoji, announced, verified };
}

const client = await logIn();
const room = await openDirectRoom(client);
const devices = await lunasDevices(client.getCrypto());
const outcome = await verify(client.getCrypto(), room);
client.stopClient();
console.log(JSON.stringify({ devices, ...outcome }));
process.exit(0);
