// Plays Pluggy Connect: pick a bank, log in, answer what the bank asks, report the item. The query of the page takes
// the widget's props by name (connectToken, includeSandbox, updateItem, selectedConnectorId, connectorIds,
// connectorTypes, products, cpf, cnpj) in camelCase or snake_case, and redirectUri.

const query = new URLSearchParams(location.search);
const snake = (name) => name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());
const prop = (name) => query.get(name) ?? query.get(snake(name)) ?? "";
const list = (name) => prop(name).split(",").filter(Boolean);
const token = prop("connectToken");
const title = document.getElementById("title");
const step = document.getElementById("step");
const error = document.getElementById("error");

const REASONS = {
  INVALID_CREDENTIALS: "O banco não aceitou estes dados.",
  INVALID_CREDENTIALS_MFA: "O código informado não é válido.",
  ALREADY_LOGGED_IN: "Há outra sessão aberta no banco. Encerre-a e tente de novo.",
  ACCOUNT_LOCKED: "A conta está bloqueada no banco.",
  ACCOUNT_NEEDS_ACTION: "O banco pede uma ação sua antes de continuar.",
  ACCOUNT_CREDENTIALS_RESET: "A senha precisa ser refeita no banco.",
  SITE_NOT_AVAILABLE: "O banco está fora do ar. Tente mais tarde.",
  CONNECTION_ERROR: "Não foi possível falar com o banco.",
  USER_NOT_SUPPORTED: "Este tipo de cliente ainda não é atendido.",
  USER_INPUT_TIMEOUT: "O tempo para responder terminou.",
  USER_AUTHORIZATION_NOT_GRANTED: "A autorização foi recusada.",
  USER_AUTHORIZATION_REVOKED: "A autorização foi retirada no banco.",
};
const PHASES = {
  LOGIN_IN_PROGRESS: "Entrando no banco…",
  LOGIN_MFA_IN_PROGRESS: "Conferindo o código…",
  MERGING: "Guardando os dados…",
};

function tell(name, payload = {}) {
  const message = { source: "pluggy-connect", event: name, ...payload };
  for (const other of [window.opener, window.parent]) {
    if (other && other !== window) other.postMessage(message, "*");
  }
}

function happened(name, payload = {}) {
  tell("onEvent", { payload: { event: name, timestamp: Date.now(), ...payload } });
}

async function call(method, path, body) {
  const headers = { "X-API-KEY": token };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.message), { answer, status: response.status });
  return answer;
}

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

function show(heading, ...children) {
  title.textContent = heading;
  document.title = heading;
  error.textContent = "";
  step.replaceChildren(...children);
  title.focus();
}

function complain(failure) {
  const details = (failure.answer?.details ?? []).map((detail) => detail.message);
  error.textContent = details.join(" ") || failure.message || "Algo deu errado.";
}

function dot(connector) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  const circle = document.createElementNS(space, "circle");
  drawing.setAttribute("class", "dot");
  drawing.setAttribute("viewBox", "0 0 36 36");
  drawing.setAttribute("aria-hidden", "true");
  for (const [name, value] of [["cx", 18], ["cy", 18], ["r", 18], ["fill", "#" + connector.primaryColor]]) {
    circle.setAttribute(name, value);
  }
  drawing.append(circle);
  return drawing;
}

async function chooseBank() {
  const sandbox = ["true", "1"].includes(prop("includeSandbox"));
  const { results } = await call("GET", `/connectors?sandbox=${sandbox}`);
  const ids = list("connectorIds").map(Number);
  const types = list("connectorTypes");
  const offered = results.filter(
    (one) => (!ids.length || ids.includes(one.id)) && (!types.length || types.includes(one.type)),
  );
  const chosen = offered.find((one) => String(one.id) === prop("selectedConnectorId"));
  if (chosen) return login(chosen);
  const banks = element("ul", { class: "list" });
  const draw = (text) => {
    const wanted = offered.filter((one) => one.name.toLowerCase().includes(text.toLowerCase()));
    const nothing = element("li", {}, "Nenhum banco com esse nome.");
    banks.replaceChildren(...(wanted.length ? wanted.map((one) => element("li", {}, bankButton(one))) : [nothing]));
  };
  const search = element("input", { id: "search", type: "search", autocomplete: "off" });
  search.addEventListener("input", () => draw(search.value));
  draw("");
  show("Escolha seu banco", field("Procurar", search), banks, cancelButton());
}

function bankButton(connector) {
  const offline = connector.health.status === "OFFLINE";
  const note = offline ? "Fora do ar" : connector.isOpenFinance ? "Open Finance" : "";
  return element(
    "button",
    {
      type: "button",
      class: "bank-choice",
      disabled: offline,
      onclick: () => {
        happened("SELECTED_INSTITUTION", { connector });
        login(connector);
      },
    },
    dot(connector),
    connector.name,
    element("span", { class: "small" }, note),
  );
}

function field(label, input, hint) {
  const box = element("div", { class: "field" }, element("label", { for: input.id }, label), input);
  if (hint) {
    box.append(element("p", { class: "note", id: input.id + "-hint" }, hint));
    input.setAttribute("aria-describedby", input.id + "-hint");
  }
  return box;
}

function inputFor(credential) {
  const id = "field-" + credential.name;
  if (credential.type === "select") {
    const options = credential.options.map((option) => element("option", { value: option.value }, option.label));
    return element("select", { id, name: credential.name }, ...options);
  }
  return element("input", {
    id,
    name: credential.name,
    type: credential.type === "password" ? "password" : "text",
    inputmode: credential.type === "number" ? "numeric" : undefined,
    required: true,
    autocomplete: "off",
    value: prop(credential.name),
  });
}

function form(credentials, label, send) {
  const button = element("button", {}, label);
  const fields = credentials.map((credential) => {
    const example = credential.placeholder ? `Por exemplo: ${credential.placeholder}` : undefined;
    return field(credential.label, inputFor(credential), example);
  });
  return element(
    "form",
    {
      onsubmit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        try {
          await send(Object.fromEntries(new FormData(event.target)));
        } catch (failure) {
          complain(failure);
        }
        button.disabled = false;
      },
    },
    ...fields,
    button,
  );
}

function cancelButton() {
  return element("button", { type: "button", class: "plain", onclick: close }, "Cancelar");
}

function login(connector, item) {
  const products = list("products");
  const send = async (parameters) => {
    happened("SUBMITTED_CONSENT");
    const body = { parameters, ...(products.length ? { products } : {}) };
    const made = item
      ? await call("PATCH", `/items/${item.id}`, body)
      : await call("POST", "/items", { connectorId: connector.id, ...body });
    happened("SUBMITTED_LOGIN", { item: made });
    follow(made);
  };
  const asked = connector.credentials;
  const optional = asked.length > 1 && connector.isOpenFinance ? asked.slice(-1) : asked;
  const back = element("button", { type: "button", class: "plain", onclick: () => start().catch(complain) }, "Voltar");
  show(connector.name, element("p", {}, "Informe seus dados para conectar."), form(optional, "Continuar", send), back);
}

let followed = 0;

async function follow(item) {
  const mine = ++followed;
  let drawn = "";
  while (mine === followed) {
    const key = [item.status, item.executionStatus, item.parameter?.data].join();
    if (key !== drawn) {
      drawn = key;
      happened("ITEM_RESPONSE", { item });
      if (draw(item)) return;
    }
    await new Promise((done) => setTimeout(done, 700));
    try {
      item = await call("GET", `/items/${item.id}`);
    } catch (failure) {
      complain(failure);
    }
  }
}

// Shows where the item is; true when nothing more will come by itself.
function draw(item) {
  if (["UPDATING", "MERGING"].includes(item.status)) {
    const text = PHASES[item.executionStatus] ?? "Buscando seus dados…";
    show("Conectando", element("p", { class: "steps", role: "status" }, text));
    return false;
  }
  if (item.status === "UPDATED") {
    succeed(item);
    return true;
  }
  if (item.parameter?.type === "oauth") return outside("Autorize no banco", item.parameter.data);
  if (item.parameter) return ask(item);
  if (item.userAction) return outside(item.userAction.instructions, item.userAction.attributes?.data);
  if (item.executionStatus === "USER_AUTHORIZATION_PENDING") {
    return outside("Falta a autorização de outra pessoa ou do aplicativo do banco", item.error?.attributes?.data);
  }
  fail(item);
  return true;
}

function outside(heading, url) {
  const wait = element("p", { role: "status" }, "Esta página segue sozinha assim que o banco responder.");
  const link = url && element("a", { class: "button", href: url, target: "_blank", rel: "noopener" }, "Abrir o banco");
  show(heading, wait, ...(link ? [link] : []), cancelButton());
  return false;
}

function ask(item) {
  const prompt = item.parameter;
  const send = async (values) => {
    happened("SUBMITTED_MFA", { item });
    await call("POST", `/items/${item.id}/mfa`, values);
  };
  const image = prompt.type === "image" ? [picture(prompt)] : [];
  show("O banco pede uma confirmação", ...image, form([prompt], "Confirmar", send), cancelButton());
  return false;
}

function picture(prompt) {
  const alternative = "Imagem enviada pelo banco; no banco de teste a resposta é 123456";
  return element("img", { class: "prompt", src: "data:image/png;base64," + prompt.data, alt: alternative });
}

function succeed(item) {
  tell("onSuccess", { item });
  show("Banco conectado", element("p", {}, `${item.connector.name} foi conectado. Você já pode fechar esta janela.`));
  const target = prop("redirectUri");
  if (!target) return;
  const url = new URL(target);
  url.searchParams.set("itemId", item.id);
  if (!["javascript:", "data:", "blob:"].includes(url.protocol)) location.assign(url);
}

function fail(item) {
  const reason = REASONS[item.executionStatus] ?? "Não foi possível conectar.";
  const more = item.error?.providerMessage ? [element("p", {}, item.error.providerMessage)] : [];
  tell("onError", { message: item.error?.message ?? reason, data: { item } });
  const again = element("button", { type: "button", onclick: () => login(item.connector, item) }, "Tentar de novo");
  show("Não deu certo", ...more, again, cancelButton());
  error.textContent = reason;
}

function close() {
  followed += 1;
  tell("onClose");
  show("Conexão cancelada", element("p", {}, "Você já pode fechar esta janela."));
}

async function start() {
  if (!token) throw new Error("Falta o connectToken na página.");
  if (!prop("updateItem")) return chooseBank();
  const item = await call("GET", `/items/${encodeURIComponent(prop("updateItem"))}`);
  return login(item.connector, item);
}

tell("onOpen");
start().catch((failure) => {
  show("Não foi possível abrir");
  complain(failure);
});
