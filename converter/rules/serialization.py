"""torch.save and torch.load."""

from __future__ import annotations

from converter.rules.base import Case, rule, snippet

_FOLDER = "import os\nimport tempfile\npath = os.path.join(tempfile.mkdtemp(), 'file.pt')\n"


def _case(text: str) -> Case:
    return snippet(_FOLDER + text, grad=False, tolerance="dtype")


_NESTED = (
    "{'epoch': 3, 'best': 0.5, 'state': {'w': A, 'n': N, 'd': D}, 'names': ['a', 'b'], 'pair': (A, 'x'), 'none': None}"
)
# {'w': [[1, 4], [2, 5]] (a view of more numbers), 'n': [2**40, -1], 'h': [True, False], 'epoch': 3}, written by
# Torch 2.13 as an archive and in the format from before Torch 1.6, compressed.
_ARCHIVE = (
    "c-oy*-)qxQ6uwE?q|N-X&gwdUY=SQpW|yW}n+jtiNPLK5*CCX>gf5M3Fl%<x+l>jrKsFfopyI2t|H3yP{11HbNkQ;IeDc)?LGMl4F3Gx;"
    "?a<p>ZqE08r}um(6^)4jkVt?d!GjFw%r)w$p4)h8t4bQI4v8K5IRx1ng#lZTGLYjMt(@LPmfhiX*Iesbc0)&IyW_a}rpQA&o2_v;xq~z7"
    "O%pOcgja2+j#m6b9>zRE0mf?#-i?heWHlB+Zds!=TBG-10{>w4U~=Cu9NRVxWI62)|Hy5auGzR}8Hk7c?J68Y@LUz1_t@I-LJO<6`ic*n"
    "c5@(j(M!q0@fNGm2&R@bpwYW<LZf!!rTrG+N+Wo=3a@yHEjStCQXIz~aAmv{5l;DBS9@I72-kI=>jr|;RX9_N<3w}AF<S7Z#&mNPjZ195"
    "oc#L`6OdIowmB&v;pXI?IPQ8K>6@n8!55$^!q6U_6nUcg;rG`Uq-L^?*Gz*2qS@=5Ubn4gd);g!RVklZb`V906tK7jf6-WiKCyr?5XS|q"
    "Z6nhmjaC&3tlAbrwn;d47k*5!IEy`zBLQMPSI-Hm(m&l<#9vGJgVzpT2TO!;^3~7R8T=qKf>G=<=2azk%B%1w@V)=*1=0QfcEuXU$KxY("
    "@Ah>?RVkja1r#8PA8&oCjlTaR;IQJrYz&bs@C5()ee>~Xd<MwGKwilm)3vaJp4G|Z>Q+Nlq%-{kL6*vrEXz`<T$~pqxm1`J1VIwY1u-wp"
    "%d#jJip7##B2~`b|Hfr;9a*nRiuP`?S7&hS_#>4cz6YbY;OL}6n0FL7I-*f{(D>=_gwtT?v_%<$wjT>Iyzv+Y;}Qi1-5qY$7a9y^B#H`p"
    "GmOeI15`eW3i>OIIygj$QB=@X$q;HH1`eGVg$3K33Bjr!Y`6g{8q3c1@}`+P0n>-~6z%VSV*ZYCocEjq{aMCman{Eqy?j6SKYr_X^8"
)
_LEGACY = (
    "c-n1|$xg#C5QY;cZNcpO4n3Aj)s_a@69^$LW-XUoP*hTj1X*z>aX=s;^#TH(fdfZgjYmL2f=OF8sg`ZU<H`5WKW>pHDn6cf-?JC5M|1fW"
    "*?%)|zXdI4k7}CM45gB;6wW0NBVPufV}d<|H^Ns+aEAvCza9X2uqg)Bb(1@hf5Rg%Zo$miDGWxQ3>Bmpu?;-=fr2zMZ8KrW;2bi{jN@-j"
    "9ivyEyGn+xmv>_2i-<ZQKZ||Qa1;+B89J9G3M7}aGYK3s>*pMd&M$OV$htb|1Sy#IFy>UtrGizks%sUiS}H)QU5DF@v5xeCg3K|~8DZoe"
    "`tZZJhyF(wEeq}{bR5ycu)#y#*zsLOfv(nIK*3-QhT6pjFzjJ1-naf9TKbV6`IRr0H`XnyXq8~pOEZG9W5-Nm<POG}eg_keUP7K!Fja%;"
    "Hra!jf8=c`#SeM*pRsbWuwJRaT$eoGB`+l8#SVE%!Ey~&+7H5;()A$AjHK<SN!xpLN$;gVdKof!KCS&7txepvaN=s=df6h~8(kxR6Vc{p"
    "cYFaYfTu_"
)
_WRITTEN = (
    "import base64, zlib\nwith open(path, 'wb') as f:\n    f.write(zlib.decompress(base64.b85decode({text!r})))\n"
)
_cases = [
    _case("torch.save(A, path)\nreturn torch.load(path)"),
    _case(f"torch.save({_NESTED}, path)\nreturn torch.load(path, weights_only=False)"),
    _case("torch.save(f=path, obj=[A, M])\nreturn torch.load(map_location='cpu', f=path)"),
    _case(
        "import io\nbuffer = io.BytesIO()\ntorch.save({'a': A}, buffer)\nbuffer.seek(0)\nreturn torch.load(buffer)['a']"
    ),
    _case(
        "with open(path, 'wb') as f:\n    torch.save({'a': A}, f)\n"
        "with open(path, 'rb') as f:\n    return torch.load(f)"
    ),
    _case(
        "w = torch.nn.Parameter(A.clone())\noptimizer = torch.optim.Adam([w], lr=0.1)\n(w * w).sum().backward()\n"
        "optimizer.step()\ntorch.save({'optimizer': optimizer.state_dict(), 'step': 1}, path)\n"
        "saved = torch.load(path)\nother = torch.optim.Adam([w], lr=0.2)\nother.load_state_dict(saved['optimizer'])\n"
        "other.step()\n(w * w).sum().backward()\nother.step()\nreturn w.detach(), saved['step']"
    ),
]
_READ = [
    _case(_WRITTEN.format(text=_ARCHIVE) + "return torch.load(path)"),
    _case(_WRITTEN.format(text=_LEGACY) + "with open(path, 'rb') as f:\n    return torch.load(path), torch.load(f)"),
]
rule(
    "torch.save",
    "(obj, f, pickle_module=None, pickle_protocol=2, _use_new_zipfile_serialization=True)",
    to="helpers.save",
    returns="none",
    restriction="the file is a plain pickle that Torch does not read",
    cases=_cases,
)
rule(
    "torch.load",
    "(f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, **pickle_load_args)",
    to="helpers.load",
    returns="unknown",
    restriction="reads what the converted save wrote and Torch's own files; weights_only is not enforced",
    cases=[*_cases, *_READ],
)
