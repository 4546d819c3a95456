// matrix-js-sdk expects Node 22; on Node 20 this is all it lacks.

Promise.withResolvers ??= function () {
    let resolve, reject;
    const promise = new this((onResolve, onReject) => {
        resolve = onResolve;
        reject = onReject;
    });
    return { promise, resolve, reject };
};
