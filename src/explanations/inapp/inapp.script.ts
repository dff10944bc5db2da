/**
 * The banner for apps, as `GET /inapp.js` serves it, 2 KB at most. It asks as soon as it is loaded and every minute while the page is looked at, puts
 * texts in as texts, sets styles in ways that a strict Content-Security-Policy allows, and keeps out of the app's own styles. Closed, a banner
 * stays away in this tab until its words change.
 */
export const INAPP_SCRIPT = `(function(){
var s=document.currentScript,d=s.dataset,u=new URL('v1/inapp',s.src),host,shown='[]';
['customer','signature','locale','project'].forEach(function(k){if(d[k])u.searchParams.set(k,d[k])});
if(!d.locale)u.searchParams.set('locale',document.documentElement.lang||navigator.language);
function closed(v){try{if(v)sessionStorage.setItem('forewarn',v);return sessionStorage.getItem('forewarn')||''}catch(e){return v||''}}
function id(i){return ' '+i.incidentId+'.'+i.version+' '}
function el(tag,text,css){var e=document.createElement(tag);e.textContent=text;e.style.cssText=css;return e}
function draw(a){
var list=a.items.filter(function(i){return closed().indexOf(id(i))<0}),key=JSON.stringify(list);
if(key===shown)return;shown=key;
if(!host){host=document.createElement('div');host.setAttribute('role','status');host.attachShadow({mode:'open'});(document.querySelector(d.into||'body')||document.body).prepend(host)}
host.shadowRoot.replaceChildren();
list.forEach(function(i){
var b=el('section','','display:block;position:relative;font:16px/1.5 system-ui,sans-serif;padding:12px 60px 12px 16px;background:Canvas;color:CanvasText;border:1px solid GrayText;border-left:6px solid '+a.colour),x=el('button','\u00d7','position:absolute;top:4px;right:4px;width:44px;height:44px;font:24px sans-serif;color:inherit;background:none;border:0');
b.lang=i.locale;b.append(el('strong',i.title,''));
[i.body,i.workaround,i.nextUpdate].forEach(function(t){if(t)b.append(el('p',t,'margin:4px 0 0'))});
x.ariaLabel=a.close;x.onclick=function(){closed(closed()+id(i));draw(a)};
b.append(x);host.shadowRoot.append(b)})}
function ask(){if(!document.hidden)fetch(u,{credentials:'omit',referrerPolicy:'no-referrer'}).then(function(r){if(r.ok)return r.json().then(draw)}).catch(function(){})}
setInterval(ask,60000);document.addEventListener('visibilitychange',ask);
document.body?ask():addEventListener('DOMContentLoaded',ask)})();
`;
