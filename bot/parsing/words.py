"""Words of conversation, many of which are also names or codes of languages: "hi", "moi", "ja".

All are compared as `fold` returns them.
"""

from __future__ import annotations

from bot.language import fold


def _folded(words: str) -> frozenset[str]:
    lines = words.strip().splitlines()
    return frozenset(fold(word) for line in lines for word in line.split(";"))


# English words and abbreviations of two or three letters that are also codes of languages.
ENGLISH = frozenset(
    """
    ab abc ace act add afk age ago aid aim air all and any api app are arm art as asd ask asr at aww
    bad bag bah ban bar bat be bed bet big bin bit box boy brb bro btw bug bus but buy by bye can
    cap car cat com cow cpu cry csv cut dad day den dev did die do doc dog dot dry due duh ear eat
    egg end era etc eve eye fan far fat few fix fly fog for fox fun gah gap gas get go gov gun guy
    had hah has hat he heh her hey hi him his hit hmm hop hot how hub huh ice ill imo in is it its
    jam job joy key kid kit lab law lay leg let lie llm lmk lol lot low mad man map may me meh men
    met mix mmm mom mrs mud mum my net new no nor not now nut nvm odd of off oh oil ok old omg on
    one or org our out owl own pan pay pen pet pin pls plz png pop pot put ran rat raw red rib rid
    row run sad sat saw say sea see set she sin sir sit six sky so son sos sun tap tax tba tbd tbh
    tea ten the thx tie tin tip to toe top toy try tts two ugh up us usa use van via war was way we
    web wet who why win wow wtf www yay yes yet you yup
    """.split()
)

# An expression for words around what is meant.
POLITENESS = (
    r"(?:please|pls|kindly|(?:many )?thanks(?: (?:a lot|so much))?|thx"
    r"|thank you(?: (?:so|very) much)?|bonvolu|dankon|bitte|danke|merci"
    r"|s['’]il (?:vous|te) pla[iî]t|por favor|gracias|obrigad[oa]|per favore|grazie)"
)

# Marks and pictures alone, of which `fold` leaves nothing, say no more than a greeting.
GREETINGS = _folded(
    """
    hi;hi all;hi there;hey;hello;hello all;hello there;hello everyone;hiya;dear all;greetings
    good morning;good afternoon;good evening;good day;saluton;bonan tagon;bonan matenon
    bonjour;bonsoir;salut;coucou;hola;buenas;buenos días;buenas tardes;olá;oi;bom dia;boa tarde
    bon dia;kaixo;egun on;ciao;salve;buongiorno;buonasera;bună;bună ziua;hallo;guten tag
    guten morgen;guten abend;moin;moin moin;servus;grüezi;grüß gott;hoi;goedendag;dag;hej;hei
    hejsan;hallå;god dag;goddag;góðan dag;halló;hæ;moi;moikka;terve;tere;labas;sveiki;sveikas
    čau;cześć;dzień dobry;ahoj;dobrý den;dobrý deň;zdravo;bok;dobar dan;živjo;здраво;привет
    здравствуйте;добрый день;привіт;вітаю;добрий день;прывітанне;здравейте;përshëndetje
    tungjatjeta;γεια;γεια σας;γεια σου;καλημέρα;merhaba;selam;salam;salaam;salam aleikum
    salam alaikum;assalamu alaikum;as-salamu alaykum;silav;rojbaş;سلام;السلام عليكم;مرحبا;درود
    shalom;שלום;сәлем;салам;салом;salom;сайн уу;сайн байна уу;გამარჯობა;բարև;բարև ձեզ
    namaste;namaskar;नमस्ते;नमस्कार;নমস্কার;ਸਤ ਸ੍ਰੀ ਅਕਾਲ;નમસ્તે;வணக்கம்;vanakkam;నమస్కారం
    ನಮಸ್ಕಾರ;നമസ്കാരം;ආයුබෝවන්;สวัสดี;สวัสดีครับ;สวัสดีค่ะ;ສະບາຍດີ;សួស្តី;မင်္ဂလာပါ;xin chào;chào
    halo;apa kabar;selamat pagi;selamat siang;kumusta;kamusta;mabuhay;aloha;kia ora;talofa
    bula;habari;jambo;hujambo;mambo;sannu;bawo;ndewo;kedu;sawubona;sanibonani;molo;molweni
    dumela;lumela;mhoro;muraho;mbote;salama;akwaaba;akkam;ሰላም;dia dhuit;halò;demat;salud
    shwmae;helo;rimaykullayki;allillanchu;kamisaraki;こんにちは;你好;您好;大家好;안녕;안녕하세요
    """
) | {""}

# Without words that also mean something else: "tak" is yes in Polish and thanks in Danish.
YES = _folded(
    """
    yes;yep;yeah;y;sure;ok;okay;correct;right;exactly;that one;do;go ahead
    jes;ja;jaa;joo;jah;jā;oui;si;sí;sì;sim;da;да;так;tā;taip;áno;igen;kyllä;evet;ναι
    כן;نعم;بله;ہاں;हाँ;हां;হ্যাঁ;ஆம்;అవును;ಹೌದು;അതെ;ใช่;iya;vâng;ndiyo;ndio;yebo;はい;是;是的;对;네;예
    """
)
NO = _folded(
    """
    no;nope;n;wrong;neither;none of them;none of these;never mind;nevermind
    ne;nej;nei;nein;nee;non;não;nie;nem;nē;нет;нє;ні;не;hayır;όχι;לא;لا;نه;نہیں;नहीं;না;இல்லை
    ไม่;không;hapana;いいえ;不;不是;아니요
    """
)

CONVERSATION = ENGLISH | GREETINGS | YES | NO
