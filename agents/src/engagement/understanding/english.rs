//! What English-speaking owners say, as data: phrases and what each is a sign of. To teach the reader a phrase,
//! add it to its row.
//!
//! A phrase is words with spaces between; `a|b` is either, `a?` may be missing, `@t` is any words that name a time,
//! `@n` a number, `..` up to three words of the same clause, `^` and `$` the ends of the reply. The longest phrase wins, so that
//! "no problem" is not a "no".

use super::Sense;

/// Phrases by what they are a sign of.
pub(super) const PHRASES: &[(Sense, &[&str])] = &[
    (Sense::OptOut, &[
        "^ please? stop please|now|it|this|that|immediately|already? $",
        "stop calling|texting|messaging|contacting|emailing|mailing|phoning|ringing|sending|bothering|harassing|spamming|pestering|disturbing",
        "stop all|these|those|the|your|with? .. calls|messages|texts|emails|mails|sms|reminders|contact|spam|notifications",
        "stop reminding|notifying|annoying me|us",
        "quit calling|texting|messaging|contacting|bothering|harassing",
        "unsubscribe|unsubscribed", "opt me? out", "opting out",
        "do not ever|you? call|text|message|contact|phone|ring|email|mail me|us|my|this? phone|number? again|anymore|ever|please? $", "do not ever|you? disturb|bother me|us again|anymore|ever|please? $",
        "do not ever? call|text|message|contact|phone|email|bother|disturb me|us|here|this? number? again|anymore|ever|any",
        "do not want any? more? calls|messages|texts|emails|contact|reminders",
        "do not want to be called|contacted|texted|messaged|disturbed|bothered",
        "do not want you to? call|calling|contact|contacting|text|texting|message|messaging",
        "do not want to hear from you|this",
        "do not send me|us? any|more|anything|these|this? more|messages|texts|emails|sms|reminders? anymore|again?",
        "not you? dare call|text|message|contact", "do not disturb", "never call|contact|text|message|email|ring|phone me|us|this|again",
        "no more calls|messages|texts|emails|sms|reminders|contact|spam",
        "remove me|us|my|this", "remove .. number|name|list", "take me|us|my .. off|out", "delete my|me|our",
        "get me off", "off your|the list", "cancel my subscription", "revoke|withdraw my|the? consent",
        "lose my number", "forget my number", "block|blocking you|your|this", "leave me|us alone",
        "not call|contact|text|message me|us again|anymore|ever", "stop with the calls|messages",
        "enough with the|these|your calls|messages|texts", "enough calls|messages|texts",
        "i opt out", "^ please? end $", "^ stopall $", "stop bugging me|us", "do not bug me|us",
    ]),
    (Sense::None, &[
        "do not stop|unsubscribe|remove", "not stop calling|messaging", "stop driving|using", "stop the|my car|engine|vehicle",
        "stop by|in|over|at", "bus stop", "do not hang up", "do not get me wrong", "wrong with", "can|could not stop",
        "do not call|text|message|contact|phone|ring me|us? @t", "do not disturb me|us? @t", "do not bother me|us? @t",
        "happy|glad|thanks|thank for? calling", "stop it from",
    ]),
    (Sense::Stranger, &[
        "who is|are this|that|you|calling|it|texting|messaging|speaking", "who am i speaking|talking to|with", "who the .. is|are this|you",
        "wrong number|person|guy|man|woman|owner|customer|contact|phone|recipient|car|vehicle", "wrong no",
        "do not know you|who", "not know what|which car", "never heard of you|this|it",
        "not my car|vehicle|number|truck|bike", "not own|have a|any|that|this|the car|vehicle|one|truck", "do not own|drive one|it|this|that|a|any|the",
        "do not have a|any|that|this|the? car|vehicle|truck|cars", "have no car|vehicle", "no longer own|have|drive|mine",
        "sold it|the|my|that|this|off? car|vehicle|truck|long|last|months|weeks|years?", "have|already sold", "i sold", "we sold",
        "not the owner", "not the right|correct person|owner|number", "not mine", "not .. owner", "i am not him|her|that|the person",
        "you have|got the? wrong", "mistaken identity", "nobody|noone by|of|with that|this name", "no one by|of|with that|this name",
        "do not know what|which car|vehicle .. talking|mean", "what car", "which car", "how did you get my|this number",
        "someone else s?", "belongs to someone|my|another", "who gave you my|this", "which company", "what company", "where are you calling from",
    ]),
    (Sense::Human, &[
        "speak|talk|speaking|talking|chat to|with a|an|the|some|your|real? human|person|people|someone|somebody|agent|representative|rep|manager|supervisor|operator|advisor|adviser|mechanic|engineer|technician|expert|staff|superior",
        "real|actual|live|proper person|human|people|agent|someone|somebody", "a|an human|person|agent|representative|rep|operator please|now?",
        "^ human|person|agent|representative|operator|manager|supervisor please|now? $",
        "someone|somebody|person|human|agent|manager|supervisor|mechanic|representative|technician call|contact|phone|ring|speak|talk", "customer service|care|support",
        "put|connect|pass|transfer|patch me|us through? to? a|an|the|your? human|person|somebody|someone|agent|representative|manager|supervisor|operator|boss|mechanic|technician", "get|give|want|need|connect|transfer|put me|us? to|through|a|an|the|your? to|a|an|the|your? human|person|agent|someone|representative|manager|supervisor|operator|boss|mechanic|technician",
        "are you a|an human|robot|bot|machine|real|computer|ai|person", "is this a|an robot|bot|machine|computer|recording|real|ai|human|person|scam|fraud|spam|automated",
        "not talk|speak|talking|speaking to|with a|this robot|bot|machine|computer", "hate robots|bots|machines",
        "complain|complaint|complaints", "lawyer|attorney|sue|suing|court|police|legal",
        "car|engine|it|brakes|brake|vehicle has|have|had|just? just? broke|broken|failed|stalled|crashed", "had|have|been in|an? accident", "accident",
        "broken|broke down", "broken|broke just? down", "stranded", "smoke|smoking|fire|burning", "brakes|brake|steering|engine has|have|had|just|is|are? just|been? failed|gone|failing", "stuck on|at|in the", "tow|towed|towing", "need help now|immediately|urgently",
        "it|this is an? emergency", "emergency",
    ]),
    (Sense::Anger, &[
        "angry", "furious", "ridiculous", "useless", "pathetic", "disgusting", "unacceptable", "outrageous",
        "scam|scammer|scammers|fraud|fraudsters|crooks|thieves|cheats", "rip off", "ripoff", "shut up", "go to hell", "get lost", "piss off", "bugger off",
        "what the hell|fuck|heck", "wtf", "hell no", "fuck|fucking|fucker", "shit|bullshit|crap", "bloody|damn|goddamn", "idiot|idiots|stupid|morons|moron|liars|liar",
        "fed up", "sick of|and", "how dare", "harassment|harassing", "had enough", "waste|wasting of? my? time", "worst service|company|experience", "terrible service|experience",
        "are you kidding|joking", "you must be joking|kidding", "how many times", "i told you already|before|not|to", "already told you", "stfu", "screw you", "kiss my",
        "third|fourth|fifth|tenth time you", "keep calling|bothering|texting",
    ]),
    (Sense::Doubt, &[
        "yeah|yes|sure|ok right|whatever", "yeah|yes no", "no yes|yeah", "no wait", "yes wait", "wait no", "as if", "oh great", "oh sure", "just great", "whatever",
        "i am just kidding|joking", "just kidding", "lol|haha|hahaha|lmao|rofl",
        "yes and no", "yes or no", "maybe yes|no", "is that ok|fine|good|alright", "is it ok|fine|alright", "ok so|then? what", "so what", "really $", "if you say so", "i wish", "fat chance", "when pigs",
        "not saying no|yes", "not a no|yes", "did not say no|yes", "i never said yes|no", "i did not say yes|no|that", "do not cancel", "did not agree|book|ask", "who said", "not that i know",
        "i would if", "i would but", "should have called|told|come|been|said", "sarcasm", "never mind",
        "the opposite", "good one", "good joke", "good luck", "nice try", "probably not", "not necessarily",
    ]),
    (Sense::Content, &[
        "i am fine|good|ok|alright|great", "i am all right|good|set", "we are fine|good|ok|all", "we are all right|good|set", "i am well",
    ]),
    (Sense::Refuse, &[
        "not interested", "no interest", "uninterested", "do not interested", "no thanks", "no thank you", "thanks but no", "thank you but no", "no no thanks",
        "not want|need it|this|that|any|anything|to|your|a|the|one", "not want|need any of it|this|that", "do not want|need", "not want|need", "do not think i need|want|will", "do not care", "could not care less",
        "no need", "not spending|paying", "not necessary|needed|required", "unnecessary", "do not bother", "not bother", "not worth", "forget it|about", "leave it", "drop it", "skip it|this", "i will pass", "i pass", "hard pass", "pass on",
        "i refuse", "i decline", "refuse", "decline|declined", "reject|rejected", "no way", "not a chance", "no chance", "absolutely|definitely|certainly not", "of course not", "never ever", "^ never $", "not ever", "not going to do|happen|book|come|pay|bring|fix",
        "will not do|be|come|book|pay|bring|go|happen|fix", "^ please? cancel $", "cancel it|this|that|the|my|everything|booking|appointment",
        "can not afford", "not afford", "no money", "too expensive", "too much money", "do not have the? money", "do not book|schedule|reserve", "do not agree", "i disagree", "disagree", "do not believe|trust you|this|it|that",
        "already fixed|repaired|replaced|done|booked|serviced|changed|had|got|have|took|taken|sorted|bought", "just had it|the|my .. fixed|repaired|replaced|serviced|done|changed", "got it fixed|repaired|replaced|serviced|done", "had it fixed|repaired|replaced|serviced|done", "was|were fixed|repaired|replaced|serviced", "have|has|had fixed|repaired|replaced|serviced|changed it|them|that|those|this", "my|our garage|mechanic|workshop|dealer takes|will|does|handles|fixes|looks|repairs", "fixed it myself|already|yesterday",
        "will fix|do|repair|handle|sort|replace|manage it|this|that? myself|ourselves", "fix|do|repair|handle|replace it|this|that myself", "own mechanic|garage|workshop|guy", "another|different|other garage|workshop|mechanic", "somewhere|elsewhere else",
        "nothing is wrong", "there? is? nothing wrong with?", "brother|father|mechanic|friend|cousin|uncle|dad|son|husband|wife .. fix|repair|do|handle|fixed|replace|sort it|this|that", "there is no problem with", "car|vehicle|it|everything is|runs|drives|works fine|good|ok|perfectly|great|well|perfect", "no problem with my|the|it", "selling|scrapping it|the|my|this", "maybe next|another year",
        "not me", "no sir|madam", "not for me", "do without", "i would rather not", "rather not", "prefer not|no", "not today thanks|thank", "no please", "not happening", "count me out", "i am out",
    ]),
    (Sense::Callback, &[
        "call|ring|phone|text|message|contact|ping|try|reach|get|buzz|mail|email me|us? back? again? not|on|at|in|over|by|from|only|but|please? not|on? @t", "call|ring|phone|text|message me|us", "call me|us when|once|after|as", "call|ring|phone|text|message|contact|ping|try|reach|talk|speak|check|chat|connect to|with|in|up? me|us|it|again|back? back|again? @t", "call|ring|phone|text|message|contact|try me|us? back|later|again|after|then",
        "callback", "call back", "get back to me|us? later|@t", "speak|talk|chat|discuss later|then|@t|tomorrow", "speak|talk|chat|discuss to|with|about you|me|this|it|that? later|then|@t",
        "remind me", "reminder @t|later", "remind .. later|@t", "let us talk|speak|discuss|chat @t|later|then|another", "can|could|shall we talk|speak|discuss @t|later", "give me a|another call|ring|shout|buzz @t|later|then|back|again", "call|ring later|after|then|@t", "please? call @t", "ask|ask me|check with me again|later|@t", "ask|ask me again? later|@t", "back to me", "follow up @t|later",
        "better|best to|if|time? you? call|talk @t", "i am free|available to talk|speak @t", "available|free|reachable @t", "free to talk",
        "do not call|text|message|contact|phone|ring me|us? @t", "do not disturb me|us? @t", "do not bother me|us? @t",
    ]),
    (Sense::Later, &[
        "not now", "not right now", "not at the moment", "not at this moment|time", "not just now", "not yet", "not this second|minute", "not .. now",
        "now is not|bad|wrong|inconvenient", "now is .. bad|not", "now is a|the bad|wrong|terrible|horrible|awful", "now does not|is not", "now will not", "not a|the|really|so|very? good|great|best|right|convenient time|moment", "bad|wrong|terrible|awful|poor|inconvenient time|timing|moment|day|week", "bad timing", "bad right? now", "not good|ok|fine|convenient|possible|free|available|interested .. now|moment|currently", "do? not want|need .. right? now|moment|currently|today", "rather not .. now|moment|today", "will? not .. right now", "can not .. at the moment", 
        "can not talk|speak|chat|discuss|answer|take|pick|do this|decide|right|now|today|at|come right|now|today?", "can not talk|speak|chat", "can not .. now|moment", "could not talk", "unable to talk|speak", "not able to talk|speak",
        "later", "another time|day", "some other time|day", "some time later|else", "other time", "next time", "later on|please", "maybe later", "in a bit|while|moment|minute|second|sec|few", "after some time", "some time", "soon", "give me some|a|more|few|time|until", "give me a minute|second|moment|sec|day|few|couple",
        "hold on", "wait", "hang on", "one|just a? moment|minute|second|sec", "let me think|check|see|ask|know|get|talk|discuss|look|consider|sleep|confirm|decide", "will think|check|see|ask|consider|decide|discuss|revert|look|confirm|let", "i will get back", "will get back", "get back to you", "think about it|this|that|over", "think it over", "need to|some|more think|check|ask|time|discuss|talk|consult|see|decide", "have to think|check|ask|discuss|talk|consult|see|decide", "ask|discuss|talk|check|consult to|with|it|this? with? my wife|husband|partner|spouse|boss|father|mother|son|daughter|brother|dad|mum|mom|family", "sleep on it", "still thinking|deciding", "have not decided", "not decided", "undecided", "can not decide", "not ready", "no time", "not have the? time", "have no time", "do not have time", "not .. time for this", "postpone .. decision", "bear with me", "snooze",
        "after i|we get|am|are|finish|return|come|land|reach|have", "when i|we get|am|are|finish|return|come|land|reach|have", "once i|we get|am|are|finish|return|come|have",
    ]),
    (Sense::Busy, &[
        "busy", "hectic|swamped|occupied|tied|engaged", "i am driving", "^ driving $", "driving now|right|at|currently", "am|currently driving", "at work", "at the office|hospital|airport|doctor|cinema|gym", "in|at a|an|the|another? meeting|meetings|call|class|hospital|lecture|flight|conference|queue|funeral|wedding", "in|into|have meetings", "in meetings", "on another|a|the call|flight|train|phone|plane", "on leave|holiday|vacation|holidays", "on the? road|way|move|bus|train", "out of town|station|country|city", "am|are|is travelling|traveling|abroad|away|sleeping|working|sick|ill|unwell|eating|cooking|boarding|flying|overseas", "travelling|traveling|abroad", "away on|for|until|till|@t", "asleep|sleeping", "boarding|landing", "at dinner|lunch|breakfast|school", "having dinner|lunch|breakfast|a", "working late", "with a? client|clients|customer|patient|family|guests", "caught up", "in the middle of",
        "inconvenient",
    ]),
    (Sense::Unsure, &[
        "do not know", "not know", "not sure", "unsure", "no idea", "no clue", "not certain", "do not understand", "hard to say", "can not say", "who knows", "not able to say", "confused", "have not thought",
    ]),
    (Sense::Hedge, &[
        "maybe", "perhaps", "possibly", "might", "if", "unless", "depends", "depending", "only if", "as long as", "provided", "probably", "i guess", "i suppose", "hopefully", "let us see", "we will see", "i will try", "will try to", "tentatively", "either way", "supposedly", "wondering", "not too sure", "kind of", "sort of", "in case", "could be",
    ]),
    (Sense::Cost, &[
        "how much", "what is|are|will|would|does the|it|this|that|your? the? price|prices|cost|costs|charge|charges|damage|fee|rate|estimate|quote", "what .. cost|charge|price|charges|pay", "how expensive|costly|pricey|cheap", "price|prices|pricing", "cost|costs|costing", "quote|quotation|estimate|estimates", "charge|charges|fee|fees|rate|rates", "is it expensive|free|costly|covered|chargeable|under", "under|covered warranty|by|insurance|under", "warranty|insurance", "do i have|need to pay", "will i have to pay", "who pays", "discount|discounts|cheaper", "how many rupees|dollars|euros", "what would i|it save", "how much .. save", "afford it", "can i pay", "expensive", "budget", "bill",
    ]),
    (Sense::Safety, &[
        "is|are|was it|this|that|the|my|car|vehicle|still|really car|vehicle|brake|brakes? still|really|too|very? safe|dangerous|risky|serious|unsafe to?", "is it|the|my car|vehicle? ok to", "safe to drive|use|go|travel|continue", "safe", "unsafe", "dangerous|danger|risky|risk", "can|could|may|should|shall i|we still|keep|continue|safely|even? drive|driving|use|go|travel", "keep driving|using", "continue driving|to", "still drive", "should i stop|avoid driving|using|the|my?", "how far can|may|could|should i|we|it", "how many km|kilometers|kilometres|miles", "how long can|will|could|do|have|until|before", "how long .. drive|last|left", "break|breakdown down? on|while|during", "will it|the|my car|brakes? .. fail|break|stop|die|explode|last|hold", "what happens if", "what if i do not|ignore|wait|delay", "how serious|bad|urgent|dangerous|risky|soon|critical", "is it urgent|serious|critical|bad", "urgent", "drive it|to|with|like", "drive until|till|home", "long trip|drive|journey", "highway|motorway",
    ]),
    (Sense::Reason, &[
        "why", "what is|are the|wrong|happening|going|problem|it|this|that|up|causing|happened|exactly|broken? problem|issue|matter|reason|fault|wrong|about|on|for|cause|damage? with?", "what happened", "what is wrong", "what is this about|for|regarding", "what problem|issue|fault|part|component|exactly|makes|reason|for|kind|sort|do|is|did|data|evidence|sensor|signs", "what do you mean", "which part|component|one is|wheel|sensor|side", "which sensor|signal|measurement|component", "how do you know", "how can|could you|be|tell", "how did you find|know|notice|detect|get", "how sure|certain|accurate|reliable", "are you sure|certain", "sure about that|this|it", "explain|explanation", "tell me more|why|about|what", "more details|detail|info|information", "details|detail|reason|reasons", "proof|evidence", "elaborate", "for what", "what for", "come again", "what does that|it|this mean", "what are you talking about", "on what basis", "what should i know", "how come", "not understand why|what|the",
    ]),
    (Sense::Misfit, &[
        "none of|works|work|suits|suit|fits|fit|is|are|good", "^ none $", "^ neither $", "neither of|works|work|suits|is|are", "not any of", "can not make it|that|any|@t|the|those|them|these on|at|for|in? @t?", "can not do any|that|those|them|the|these|@t|it @t?", "can not come|attend|be|go|bring on|there|in|it|then|that|the|@t? @t?", "can not @t", "could not make it?", "will not be able to", "not be able to", "will not work", "will not be there|in|around|@t", "not possible|available|free|around|in|here|convenient|suitable on|for|at|then|that|those|these|me|@t? @t?",
        "do|does|did not work|suit|fit", "is|are not good|ok|fine|convenient|suitable|possible|great|ideal|going", "too early|late|far|soon|long", "clash|clashes|conflict|conflicts", "change of plans", "plans changed", "something came up", "@t is|are|was|will bad|impossible|inconvenient|full|packed|difficult|not|out", "@t does|do|will|would|can not", "on? @t i|we can not", "running late", "will be late", "missed it|the|my appointment|slot|booking|visit?", "could not come",
    ]),
    (Sense::Move, &[
        "reschedule|rescheduled|rescheduling", "move|shift|change|push|postpone|prepone|bring|delay it|this|that|the|my|our appointment|booking|slot|time|date|day|visit|service", "move|shift|change|push|postpone|prepone it|that|this|the|my|them? appointment|booking|slot|time|date? to|forward|back|out|by|until|till|@t", "postpone|prepone", "another|different|other|alternative|alternate|new|better|more slot|slots|time|times|date|dates|day|days|option|options|appointment|offer|offers", "any other|earlier|later|more|better slot|slots|time|times|date|dates|day|days|option|options|appointment", "any thing|slot|slots|time|times|opening|openings|option|options on|for|at|in|before|after? @t", "anything else|earlier|later|sooner|available|on|in|before|after|@t", "something else|earlier|later|sooner|on|in|before|after|@t", "earlier|later|sooner slot|slots|time|date|appointment|option|one", "have|has|got|offer|suggest|give|want|need|prefer|find us|me? a|an|some|any? another|other|different other|different? time|times|day|days|slot|slots|date", "instead", "rather @t", "prefer @t instead|rather", "make it @t", "how|what about @t", "any chance of|for|on? @t", "what if @t", "is|are|have|do|does|would|could|can|will you|it|there|we|i? have|do|any|anything|something|be? anything|slot|slots? on|at|for? @t available|free|possible|open|ok|fine|work|good|instead", "do you have|offer anything|something|any|a? slot|slots|opening|time|times? on|for|at? @t", "can|could you do|manage|make|offer @t",
        "push|shift|move|change .. @t",
    ]),
    (Sense::Book, &[
        "book it|me|the|this|that|us|an|a|my|them|for|now|please|ahead|in|slot|@t", "please? book $", "please book|schedule|reserve|confirm|arrange|go|proceed", "schedule it|me|the|this|that|a|an|us|for|@t", "reserve it|me|the|this|that|a|us|for|@t", "arrange it|the|that|this|for", "confirm it|the|this|that|please|booking|appointment|for|me|slot", "confirmed|confirm", "go ahead", "go for it", "proceed", "do it", "let us do it|that|this|the|@t", "let us go|book|fix|proceed|schedule", "make the|an|it|a appointment|booking|happen", "make .. appointment|booking", "get it fixed|done|repaired|sorted|checked|booked|over", "fix it|this|that", "better safe than sorry", "sign me up", "count me in", "i am in", "can|could|will|would you please? book|schedule|reserve|arrange|confirm|fix|set", "i want|need|like to book|schedule|come|bring|get|have|reserve|go|take", "i would like|love to|that|it|this|the", "would like|love to book|schedule|come|bring|get", "i will take|book|have|go|come|do|be|bring|accept|choose|pick|drop", "we will take|book|have|go|come|be|bring|choose|pick", "will be there|coming|@t", "see you @t|then|there|soon|on|at", "i accept", "accepted|accept", "i agree", "agreed|agree", "approved|approve", "^ deal $", "^ done $", "put me down", "set it up", "fix an|the|a appointment|date|time", "you have my ok|permission", "count on me", "yes please", "lock it in", "pencil|slot me in", "i choose|pick|select|prefer|want|take|opt",
    ]),
    (Sense::Any, &[
        "any of them|those|these|the", "any one|time|day|slot|option|works|is|will|would|of", "either one|works|is|of|way|will|would|would|time", "^ any|either $", "whichever", "whatever works|suits|is|you", "all of them|those work|works|are|fine|good", "all work|three", "all .. work", "you choose|decide|pick", "no preference", "does not matter", "do not mind", "all the same", "up to you", "both work|fine|are|good",
    ]),
    (Sense::Yes, &[
        "yes", "no problem|problems|issue|issues|worries|objection|objections|doubt|prob|biggie|trouble", "not a problem", "not an issue", "why not", "sure", "of course", "absolutely", "certainly", "definitely", "by all means", "with pleasure", "gladly", "can not wait", "affirmative", "aye", "indeed", "roger", "haan|han", "ji haan", "okey dokey", "would not mind", "do not mind", "happy to", "will do", "^ please do $",
    ]),
    (Sense::Fine, &[
        "ok", "all right", "fine", "sounds|sound good|great|fine|perfect|ok|alright|like", "looks|look good|great|fine|ok", "works|work|suits|suit|fits|fit for? me|us|well|fine|great|perfectly?", "that|it|this is|will|would fine|ok|good|great|perfect|alright|right|do|works|work|be|all fine|ok|good|great|perfect|right?", "that works|suits|fits", "all good", "perfect", "suitable", "can do @t?", "i|we can make|come|do|be|bring it|there|that|in? @t?", "doable", "not bad", "is ok|fine|good|great|perfect|best|better|convenient|suitable|alright", "ok with me|that|it|for", "i am ok|fine|good|happy|alright with it|that|this", "that one", "would be good|great|fine|nice|ok|perfect|lovely|best|ideal|better", "no complaints", "acha|accha|achha", "theek", "interested", "fine with|by me|us", "good for|with me|us", "good enough",
    ]),
    (Sense::Suits, &[
        "good", "great", "excellent", "wonderful", "lovely", "awesome", "super", "cool", "brilliant", "fantastic", "nice", "convenient", "possible", "free|available", "better|best", "correct", "right", "exactly", "true", "i do", "that is it", "i can", "we can", "ideal",
    ]),
    (Sense::Ack, &["hmm ok", "got it", "noted", "understood", "i see", "oh ok", "fine then"]),
    (Sense::No, &["no", "^ not $", "nay", "negative", "nahi|nahin|nai", "no no", "never", "nopes"]),
    (Sense::None, &[
        "good morning|afternoon|evening|day|night", "thank you|u so? very? much?", "thanks a? lot|much|again|for?", "how are you", "nice day", "have a nice|good|great .. day|one|weekend|evening|@t", "hello|hi|hey", "sorry", "no doubt about", "no one", "not only", "do not worry", "no worries about", "no hurry|rush", "not to worry", "no longer than", "no sooner", "good to know", "good service|job|work", "right away", "right now", "all day", "no more than", "dear", "excuse me", "as soon as possible", "asap", "well", "happy", "take care", "bye", "good bye", "good question", "thanks for letting|telling|informing|calling", "for letting|telling|informing me|us? know?", "good|nice of you", "yes i know|understand|see|got|have|am|heard|read", "right now",
    ]),
];

/// Words that turn what follows them in a clause into its opposite.
pub(super) const NEGATORS: &[&str] =
    &["not", "no", "never", "neither", "nor", "without", "hardly", "barely", "nobody", "nothing"];

/// Words that begin another clause.
pub(super) const CLAUSE_WORDS: &[&str] =
    &["but", "however", "though", "although", "because", "so", "then", "and", "or", "otherwise", "except", "while"];

/// Words that add nothing to what a reply says.
pub(super) const FILLERS: &[&str] = &[
    "a", "about", "ah", "also", "am", "an", "and", "any", "appointment", "are", "as", "at", "be", "been", "being", "believe", "booking",
    "but", "by", "can", "car", "case", "choice", "choose", "come", "could", "day", "days", "dear", "definitely", "did", "do", "does", "earliest", "enough", "exact", "expect", "first",
    "for", "from", "get", "go", "going", "guys", "has", "have", "hello", "hey", "hi", "him", "hmm", "i", "in", "is", "it",
    "ji", "just", "know", "last", "latest", "let", "like", "ma", "maam", "madam", "mam", "make", "may", "me", "my", "need", "now", "number", "of", "off", "oh", "on", "one",
    "ones", "only", "option", "or", "our", "out", "part", "per", "pick", "please", "prefer", "preferably", "preferred", "quite", "really", "s", "said", "say", "second", "select", "service",
    "shall", "should", "sir", "slot", "slots", "so", "some", "soonest", "t", "take", "than", "thank", "thanks", "that", "the", "then", "there", "think", "third", "this", "those", "these", "time",
    "timing", "to", "too", "uh", "um", "until", "up", "us", "vehicle", "very", "visit", "want", "we", "well", "what", "when", "will", "with", "workshop",
    "would", "you", "your", "there", "its", "here", "around", "exactly", "sharp", "actually", "bring", "drop", "give", "again", "all", "much", "more", "both", "either", "happy", "mine", "ok", "too", "pm", "am", "arrive", "reach", "centre", "center", "garage", "if", "even", "fix", "afterwards", "my", "schedule", "scheduled", "early", "bit", "little", "much", "back", "right", "away", "kindly", "sounds", "lets", "see",
];

/// What words say of the mood, from −1 to 1.
pub(super) const MOODS: &[(f64, &[&str])] = &[
    (0.8, &["excellent", "fantastic", "wonderful", "brilliant", "amazing", "love", "awesome", "perfect"]),
    (0.6, &["great", "happy", "glad", "lovely", "super", "appreciate", "pleased", "delighted"]),
    (0.4, &["good", "thanks", "thank", "nice", "cool", "helpful", "kind", "sure", "absolutely", "definitely", "gladly"]),
    (0.2, &["yes", "well", "fine", "ok", "works", "please", "agreed", "interested", "convenient"]),
    (-0.2, &["no", "busy", "long", "slow", "later", "sorry", "unsure", "never", "hectic"]),
    (-0.4, &["bad", "worried", "wrong", "expensive", "sad", "unfortunately", "scared", "late", "problem", "afraid", "stop", "unsubscribe", "bother"]),
    (-0.6, &["annoyed", "annoying", "disappointed", "disappointing", "upset", "unhappy", "poor", "hell", "harassing", "spam", "enough", "rude", "alone"]),
    (-0.8, &["terrible", "horrible", "awful", "useless", "stupid", "ridiculous", "hate", "pathetic", "unacceptable", "outrageous", "scam", "fraud", "liar", "liars", "idiot", "idiots", "worst", "disgusting", "crap", "damn", "bloody", "sick"]),
    (-1.0, &["angry", "furious", "fuck", "fucking", "shit", "bullshit", "wtf"]),
];
