// The list beside the live map. Rows are kept by name and only changed where the data did, so that focus,
// scrolling and hovering survive every refresh.
const escaped = (text) => {
  const node = document.createElement("span")
  node.textContent = text ?? ""
  return node.innerHTML.replaceAll('"', "&quot;")
}

const head = (van) => `
  <span class="risk ${van.sign}" title="${escaped(van.risk)}">${escaped(van.state)}</span>
  <span class="name">${escaped(van.name)}</span>
  <span class="crew">${escaped(van.crew)}</span>
  <span class="link ${van.link}"><i></i>${escaped(van.heard)}</span>
  <span class="motion">${van.turn === null ? '<b class="stop"></b>' : `<b class="go" style="transform:rotate(${van.turn}deg)"></b>`}${escaped(van.motion)}</span>
  <span class="next">${escaped(van.next)}</span>
  <span class="eta">${escaped(van.eta)}</span>
  <span class="window">${escaped(van.window)}</span>`

const drop = (row) => `
  <li class="${row.kind}">
    <i>${row.seq}</i>
    <a href="${escaped(row.page)}" target="_self" title="Open order ${escaped(row.order)}">${escaped(row.order)}</a>
    <span>${escaped(row.address)}</span>
    <em>${escaped(row.state)}</em>
    <small>${escaped(row.when)}</small>
  </li>`

const body = (trip) => `
  <p>${trip.facts.map((fact) => `<span>${escaped(fact)}</span>`).join("")}</p>
  <ol>${trip.drops.map(drop).join("")}</ol>`

const update = (node, html) => {
  if (node.dataset.html !== html) {
    node.dataset.html = html
    node.innerHTML = html
  }
}

const rowOf = (list, name) => {
  const found = [...list.children].find((node) => node.dataset.name === name)
  if (found) return found
  const node = document.createElement("section")
  node.dataset.name = name
  node.innerHTML = '<button class="head"></button><div class="body"></div>'
  return node
}

// Scrolls the list and never the page: on a phone the map above must stay where it is.
const bringIntoView = (list, open) => {
  if (!open || list.scrollHeight <= list.clientHeight) return
  const top = open.offsetTop - list.offsetTop
  const above = top < list.scrollTop
  if (above || top + open.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTo({ top: above ? top : Math.min(top, top + open.offsetHeight - list.clientHeight), behavior: "smooth" })
  }
}

// Moving a row to its new place takes the focus away from what is in it; whoever is there by keyboard must stay there.
const keepingFocus = (list, change) => {
  const held = list.getRootNode().activeElement
  change()
  if (held?.isConnected && list.contains(held)) held.focus({ preventScroll: true })
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".vans")
  list.onclick = (event) => {
    const section = event.target.closest("section")
    if (section && event.target.closest(".head")) setTriggerValue("chosen", section.dataset.name)
  }
  keepingFocus(list, () => data.vans.forEach((van, place) => {
    const node = rowOf(list, van.name)
    if (list.children[place] !== node) list.insertBefore(node, list.children[place] ?? null)
    const open = data.chosen === van.name
    node.className = `${van.sign}${open ? " open" : ""}`
    const button = node.firstElementChild
    button.setAttribute("aria-expanded", open)
    update(button, head(van))
    update(node.lastElementChild, open && data.trip ? body(data.trip) : "")
  }))
  while (list.children.length > data.vans.length) list.lastElementChild.remove()
  const empty = parentElement.querySelector(".none")
  empty.textContent = data.vans.length ? "" : data.none
  if (list.dataset.chosen !== (data.chosen ?? "")) {
    list.dataset.chosen = data.chosen ?? ""
    bringIntoView(list, list.querySelector(".open"))
  }
}
