"""The few words that carry no topic, or tell of time, in the languages most chats are in.

What is missing here costs a little precision, never a message: all of it only weighs.
"""

import re
from collections.abc import Collection

from lunabot.memory.retrieval.words import words

_FUNCTION_WORDS = (  # of each language those that questions are full of
    # English
    "a an the and or but if of at by for with about to from in on off over into is are was were "
    "be been being have has had do does did what which who whom whose when where why how that "
    "this these those it its he she they them his her their i you we my your me our us s t not "
    "no so than too very can will just would could should may might as any all some there then "
    "ever",
    # German
    "der die das den dem des ein eine einen einem einer und oder aber wenn von bei für mit zu "
    "zum zur aus in im an am auf ist sind war waren sein hat haben hatte was welche welcher "
    "welches wer wen wem wann wo warum wieso wie dass es er sie ihr ihm ihn ihre sein seine ich "
    "du wir mein dein mir mich dir dich uns nicht kein keine so als auch noch nur schon sich "
    "hast bist habe",
    # French
    "le la les un une des du de d l et ou mais si à au aux en dans sur pour par avec est sont "
    "était être a ont avait as ai que quel quelle quels quelles qui quoi quand où pourquoi "
    "comment ce cette ces il elle ils elles son sa ses leur je tu nous vous mon ma mes ton ta "
    "te me se ne pas c s t y qu est-ce fait",
    # Spanish
    "el la los las un una unos unas de del y o pero si a al en con por para sobre es son era "
    "fue ser está estaba ha han había qué que cuál quién cuándo dónde cómo por este esta eso él "
    "ella ellos su sus yo tú nosotros mi tu me te se nos lo le no como muy más hizo tiene",
    # Italian
    "il lo la i gli le un uno una di del della dei e o ma se a al in nel con per su da è sono "
    "era essere ha hanno aveva che cosa quale quali chi quando dove perché come questo questa "
    "lui lei loro suo sua io tu noi mio tuo mi ti si ci non l d",
    # Portuguese
    "o a os as um uma de do da dos das e ou mas se em no na com por para é são era foi ser está "
    "tem têm tinha que qual quais quem quando onde como este esta isso ele ela eles seu sua eu "
    "tu você nós meu minha me te não ao",
    # Dutch
    "de het een en of maar als van bij voor met naar om te in op aan is zijn was waren heeft "
    "hebben had wat welke wie wanneer waar waarom hoe dat die dit deze het hij zij ze hun haar "
    "ik jij je wij we mijn jouw mij ons niet geen er ook nog",
    # Polish
    "i lub ale jeśli z ze do od w we na o po za jest są był była było być ma co jaki jaka jakie "
    "kto kogo kiedy gdzie dlaczego jak czy że to ten ta on ona oni jego jej ich ja ty my mój "
    "twój mnie ci się nie",
    # Russian
    "и или но если с со к от в на о об по за из у для это был была было были быть есть что "
    "какой какая какие кто кого когда где почему зачем как ли он она они его её их я ты мы вы "
    "мой твой мне тебе меня нас не же бы то",
)
_MONTHS = (
    "january januar janvier enero gennaio janeiro januari января январь styczeń stycznia",
    "february februar février febrero febbraio fevereiro februari февраля февраль luty lutego",
    "march märz mars marzo março maart марта март marzec marca",
    "april avril abril aprile апреля апрель kwiecień kwietnia",
    "may mai mayo maggio maio mei мая май maj maja",
    "june juni juin junio giugno junho июня июнь czerwiec czerwca",
    "july juli juillet julio luglio julho июля июль lipiec lipca",
    "august août agosto augustus августа август sierpień sierpnia",
    "september septembre septiembre settembre setembro сентября сентябрь wrzesień września",
    "october oktober octobre octubre ottobre outubro октября октябрь październik października",
    "november novembre noviembre novembro ноября ноябрь listopad listopada",
    "december dezember décembre diciembre dicembre dezembro декабря декабрь grudzień grudnia",
)
MONTHS = {name: number for number, names in enumerate(_MONTHS, 1) for name in words(names)}
"""The months by their names."""
YESTERDAY = frozenset(words("yesterday gestern hier ayer ieri ontem gisteren wczoraj вчера"))
WHEN = frozenset(
    words("when date day month year wann datum quand cuándo fecha quando wanneer kiedy когда متى")
)
"""Words of questions that ask for a time."""
WHEN_UNSPACED = re.compile("什么时候|什麼時候|何时|何時|几点|哪天|いつ|언제|เมื่อไ|เมื่อใด")
"""The same in scripts without spaces."""
TIME = YESTERDAY.union(
    MONTHS,
    words(
        "today tomorrow tonight last next ago week weekend month year monday tuesday wednesday "
        "thursday friday saturday sunday heute morgen letzte letzten nächste nächsten woche "
        "monat jahr vor montag dienstag mittwoch donnerstag freitag samstag sonntag demain "
        "semaine mois dernier dernière prochain année hoy mañana semana mes año pasado próximo "
        "oggi domani settimana mese anno scorso prossimo hoje amanhã ano passado vandaag morgen "
        "week maand jaar dziś jutro tydzień сегодня завтра неделе неделю месяц год назад"
    ),
)
"""Words of messages that tell a time."""
TIME_UNSPACED = re.compile("[今昨明][天日]|[周週月年]|어제|오늘|내일")

_BY_LANGUAGE = tuple(frozenset(words(text)) for text in _FUNCTION_WORDS)


def function_words(text_words: Collection[str]) -> frozenset[str]:
    """Return the function words of the language that most of these words are function words of."""
    return max(_BY_LANGUAGE, key=lambda known: sum(word in known for word in text_words))
