// An OpenID provider on loopback: who signs in is named by login_hint, and keys rotate on demand.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const AUDIENCE = "commerce-gateway";
const BACK = "http://127.0.0.1:9/back";

function key(alg) {
  const { privateKey } =
    alg === "ES256"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), alg, use: "sig", kid: randomUUID() };
}

function roles(token) {
  if (token.kind === "ClientCredentials") return { roles: ["system"], purposes: "ANALYTICS" };
  return { roles: ["customer"], customer: token.accountId };
}

let keys = [key("ES256"), key("RS256")];
let alg = "ES256";
let handle;

function provide(issuer) {
  const provider = new Provider(issuer, {
    jwks: { keys },
    cookies: { keys: [randomUUID()] },
    clients: [
      {
        client_id: "machine",
        client_secret: "machine secret/+",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
      {
        client_id: "machine by post",
        client_secret: "machine secret/+",
        token_endpoint_auth_method: "client_secret_post",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
      {
        client_id: "shop",
        token_endpoint_auth_method: "none",
        application_type: "native",
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: [BACK],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => "urn:gateway",
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => ({
          scope: "shop",
          audience: resource === "urn:gateway" ? AUDIENCE : resource,
          accessTokenFormat: resource === "urn:opaque" ? "opaque" : "jwt",
          jwt: { sign: { alg } },
          accessTokenTTL: 600,
        }),
      },
    },
    extraTokenClaims: (_context, token) => roles(token),
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: { Interaction: 60, Session: 60, Grant: 600, IdToken: 600, RefreshToken: 600 },
  });
  const callback = provider.callback();
  handle = async (request, response) => {
    if (!request.url.startsWith("/interaction/")) return callback(request, response);
    const { params } = await provider.interactionDetails(request, response);
    const accountId = params.login_hint;
    const grant = new provider.Grant({ accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    grant.addResourceScope("urn:gateway", "shop");
    const consent = { grantId: await grant.save() };
    const result = { login: { accountId }, consent };
    return provider.interactionFinished(request, response, result);
  };
}

const server = createServer((request, response) => {
  if (request.method === "POST" && request.url.startsWith("/rotate")) {
    alg = request.url.endsWith("RS256") ? "RS256" : "ES256";
    const other = alg === "ES256" ? "RS256" : "ES256";
    keys = request.url.includes("retire") ? [key(alg), key(other)] : [key(alg), ...keys];
    provide(`http://127.0.0.1:${server.address().port}`);
    response.end();
    return;
  }
  handle(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
});
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provide(issuer);
  console.log(`ready ${issuer}`);
});
