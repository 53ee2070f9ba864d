Feature: Linked orders
  Consumer, retailer, wholesaler: each has a full order of its own, and what ends one is heard by the others.

  Background:
    Given partner p-1 is a retailer at postal code 04524
    And partner r-1 is a retailer at postal code 63100
    And partner w-1 is a wholesaler
    And partner i-1 is an installer
    And the goods:
      | goods   | price   | partner | holder | stock |
      | aircon  | 900,000 | p-1     |        | 5     |
      | air-r   | 800,000 | p-1     | r-1    | 5     |
      | air-w   | 600,000 | p-1     | w-1    | 5     |
      | fitting | 50,000  | p-1     | i-1    | 9     |
    And the buyer orders 2 aircon, paying 1,800,000 won by card
    And the seller prepares the order

  @W10 @WL @S6.4
  Scenario: A purchase makes a full order of the seller at the partner
    When the seller buys line 1 from partner w-1 as air-w
    Then the order is PROCUREMENT_CHECK
    And the linked orders are:
      | order | kind     | state | partner | lines |
      | o-1::1 | PURCHASE | OPEN  | w-1     | 1     |
    And the orders are:
      | order | status            | buyer | parent |
      | o-1   | PROCUREMENT_CHECK | u-1   |        |
      | o-1::1 | ORDERED           | p-1   | o-1    |
    And there are no settlements of order o-1::1
    And air-w has 3 on hand, 0 held and 2 sold
    And aircon has 3 on hand, 0 held and 2 sold

  @WL @W10 @W15
  Scenario: Consumer, retailer, wholesaler: done from the far end to the near
    When the seller buys line 1 from partner r-1 as air-r
    And partner r-1 prepares order o-1::1
    And partner r-1 buys line 1 of order o-1::1 from partner w-1 as air-w
    Then the orders are:
      | order   | status            | buyer | parent |
      | o-1     | PROCUREMENT_CHECK | u-1   |        |
      | o-1::1   | PROCUREMENT_CHECK | p-1   | o-1    |
      | o-1::1::1 | ORDERED           | r-1   | o-1::1  |
    When the seller completes procurement, but is refused because invalid
    And partner w-1 readies order o-1::1::1 for shipping
    Then order o-1::1::1 is PROCUREMENT_DONE
    And order o-1::1 is PROCUREMENT_DONE
    And the order is PROCUREMENT_DONE
    And the linked orders are:
      | order | state |
      | o-1::1 | DONE  |

  @WL @W13 @W10
  Scenario: A purchase and an installer leave exactly two linked orders
    When the seller assigns installer i-1 to line 1 as fitting
    Then the order is PREPARING
    When the seller buys line 1 from partner w-1 as air-w
    Then the order is PROCUREMENT_CHECK
    And the linked orders are:
      | order | kind         | partner | lines |
      | o-1::1 | INSTALLATION | i-1     | 1     |
      | o-1::2 | PURCHASE     | w-1     | 1     |
    When the seller assigns installer i-1 to line 1 as fitting, but is refused because invalid
    Then the orders are:
      | order | status            | parent |
      | o-1   | PROCUREMENT_CHECK |        |
      | o-1::1 | ORDERED           | o-1    |
      | o-1::2 | ORDERED           | o-1    |

  @W13 @W15
  Scenario: An installation order does not gate procurement
    When the seller assigns installer i-1 to line 1 as fitting
    And the seller assigns installer i-1 to line 1 as fitting, but is refused because invalid
    And the seller buys line 1 from partner w-1 as air-w
    And partner w-1 readies order o-1::2 for shipping
    Then the order is PROCUREMENT_DONE
    And order o-1::1 is ORDERED

  @W13 @WX
  Scenario: Only installers install
    When the seller assigns installer w-1 to line 1 as air-w, but is refused because invalid
    Then there are no linked orders

  @WL @W16 @W8
  Scenario: A child that is out of stock takes its parent with it
    When the seller buys line 1 from partner w-1 as air-w
    And partner w-1 finds 0 of line 1 of order o-1::1
    Then order o-1::1 is OUT_OF_STOCK
    And order o-1 is OUT_OF_STOCK
    And the card has nothing refundable, 1,800,000 won planned, nothing excluded and nothing refunded
    And the linked orders are:
      | order | state |
      | o-1::1 | ENDED |
    And the cancellations are:
      | line | quantity | reason     |
      | 1    | 2        | LINK_ENDED |

  @WL @W6
  Scenario: A child that its buyer cancels takes its parent with it
    When the seller buys line 1 from partner w-1 as air-w
    And the operator cancels line 1 of order o-1::1
    Then order o-1::1 is CANCELLED
    And order o-1 is OUT_OF_STOCK
    And air-w has 5 on hand, 0 held and 2 sold

  @WL @W9 @W17
  Scenario: A child that is short amends its parent
    When the seller buys line 1 from partner w-1 as air-w
    And partner w-1 finds 1 of line 1 of order o-1::1
    Then order o-1 is PROCUREMENT_CHECK
    And the lines of order o-1 are:
      | line | ordered | cancelled |
      | 1    | 2       | 1         |
    And the card has 900,000 won refundable, 900,000 won planned, nothing excluded and nothing refunded
    When partner w-1 readies order o-1::1 for shipping
    Then order o-1 is PROCUREMENT_DONE

  @WL @W10
  Scenario: A partner that has not enough is no purchase, and the order stays as it was
    Given partner w-2 is a wholesaler
    And the goods:
      | goods | price   | holder | stock |
      | few   | 600,000 | w-2    | 1     |
    When the seller buys line 1 from partner w-2 as few, but is refused because insufficient_stock
    Then order o-1 is PREPARING
    And order o-1::1 does not exist
    And few has 1 on hand, 0 held and 0 sold
    And there are no linked orders
    And the card has 1,800,000 won refundable, nothing planned, nothing excluded and nothing refunded
    When the seller buys line 1 from partner w-1 as air-w
    Then the order is PROCUREMENT_CHECK

  @WL @W22
  Scenario: A parent's return cancels its children, down the chain
    When the seller buys line 1 from partner r-1 as air-r
    And partner r-1 prepares order o-1::1
    And partner r-1 buys line 1 of order o-1::1 from partner w-1 as air-w
    And the buyer asks to return 2 of line 1 because of a change of mind
    And the seller approves return 1
    Then the orders are:
      | order   | status    | parent |
      | o-1     | RETURNED  |        |
      | o-1::1   | RETURNED  | o-1    |
      | o-1::1::1 | CANCELLED | o-1::1  |
    And air-r has 5 on hand, 0 held and 2 sold
    And air-w has 5 on hand, 0 held and 2 sold
    And the card has nothing refundable, 1,800,000 won planned, nothing excluded and nothing refunded
    And there are no refunds of order o-1::1

  @W16 @WL
  Scenario: A procurement that is cancelled cancels its linked order
    When the seller buys line 1 from partner w-1 as air-w
    And the seller cancels procurement
    Then order o-1 is OUT_OF_STOCK
    And order o-1::1 is CANCELLED
    And air-w has 5 on hand, 0 held and 2 sold
    And the linked orders are:
      | order | state     |
      | o-1::1 | CANCELLED |

  @WL
  Scenario: A child that has shipped is not cancelled by its parent's return
    When the seller buys line 1 from partner w-1 as air-w
    And partner w-1 readies order o-1::1 for shipping
    And partner w-1 ships 2 of line 1 of order o-1::1 by waybill 500
    And the buyer asks to return 2 of line 1 of order o-1 because of a change of mind
    And the seller approves return 1 of order o-1
    Then order o-1 is RETURNED
    And order o-1::1 is SHIPPED

  @W14 @WL
  Scenario: A business's order goes to its business address
    When the seller buys line 1 from partner r-1 as air-r
    And partner r-1 prepares order o-1::1
    And partner r-1 chooses postal code 63100 for order o-1::1, but is refused because invalid
    And partner r-1 chooses the business address for order o-1::1
    And the buyer chooses postal code 04524 for order o-1
    And the seller chooses the business address for order o-1, but is refused because invalid
    Then the orders are:
      | order | destination | zone     |
      | o-1   | HOME        | MAINLAND |
      | o-1::1 | BUSINESS    | MAINLAND |
    When partner r-1 buys line 1 of order o-1::1 from partner w-1 as air-w
    And partner w-1 prepares order o-1::1::1
    And partner w-1 chooses the business address for order o-1::1::1
    Then the orders are:
      | order   | destination | zone     | shipping |
      | o-1     | HOME        | MAINLAND | 0        |
      | o-1::1   | BUSINESS    | MAINLAND | 0        |
      | o-1::1::1 | BUSINESS    | JEJU     | 0        |

  @WL
  Scenario: A linked order has the name that it is given, once
    When the seller buys line 1 from partner w-1 as air-w, as order po-7
    Then the linked orders are:
      | order |
      | po-7  |
    And order po-7 is ORDERED

  @W15 @WL
  Scenario: Procurement is done only when every linked purchase is
    Given the goods:
      | goods | price   | partner | holder |
      | hood  | 100,000 | p-1     |        |
      | hood-w | 80,000  | p-1     | w-1    |
    And the buyer orders 1 aircon and 1 hood, paying 1,000,000 won by card
    And the seller prepares the order
    When the seller buys line 1 from partner r-1 as air-r
    And the seller buys line 2 from partner w-1 as hood-w
    And partner r-1 readies order o-2::1 for shipping
    Then line 1 is PROCUREMENT_DONE
    And line 2 is PROCUREMENT_CHECK
    And the order is PROCUREMENT_CHECK
    When partner w-1 readies order o-2::2 for shipping
    Then the order is PROCUREMENT_DONE

  @WL @W13
  Scenario: An installer that gives up takes nothing from its parent, and another is assigned
    Given partner i-2 is an installer
    And the goods:
      | goods | price  | partner | holder |
      | fit-2 | 50,000 | p-1     | i-2    |
    When the seller assigns installer i-1 to line 1 as fitting
    And partner i-1 finds 0 of line 1 of order o-1::1
    Then order o-1::1 is OUT_OF_STOCK
    And order o-1 is PREPARING
    And the card has 1,800,000 won refundable, nothing planned, nothing excluded and nothing refunded
    When the seller assigns installer i-2 to line 1 as fit-2
    Then the linked orders are:
      | order | kind         | state | partner |
      | o-1::1 | INSTALLATION | ENDED | i-1     |
      | o-1::2 | INSTALLATION | OPEN  | i-2     |

  @WL @W22 @W13
  Scenario: A parent's return cancels its installation too
    When the seller assigns installer i-1 to line 1 as fitting
    And the seller procures the order from own stock
    And the buyer asks to return 2 of line 1 because of a change of mind
    And the seller approves return 1
    Then order o-1 is RETURNED
    And order o-1::1 is CANCELLED
    And fitting has 9 on hand, 0 held and 0 sold

  @WL @W22
  Scenario: A parent that returns a part keeps its children
    When the seller buys line 1 from partner w-1 as air-w
    And the buyer asks to return 1 of line 1 because of a change of mind
    And the seller approves return 1
    Then order o-1 is PROCUREMENT_CHECK
    And order o-1::1 is ORDERED
    When partner w-1 readies order o-1::1 for shipping
    Then order o-1 is PROCUREMENT_DONE

  @WL @W22
  Scenario: A return that is only asked for stops nothing yet, and done comes through
    When the seller buys line 1 from partner w-1 as air-w
    And the buyer asks to return 2 of line 1 because of a change of mind
    Then order o-1::1 is ORDERED
    When partner w-1 readies order o-1::1 for shipping
    And the seller rejects return 1
    Then order o-1 is PROCUREMENT_DONE

  @WL @W10
  Scenario: A name that another order has is none for a linked order
    Given the buyer orders 1 aircon as order taken, paying 900,000 won by card
    When the seller buys line 1 of order o-1 from partner w-1 as air-w, as order taken, but is refused because duplicate_order
    Then order taken is ORDERED
    And order o-1 is PREPARING
    And air-w has 5 on hand, 0 held and 0 sold
    And there are no linked orders of order o-1

  @WL @W16
  Scenario: News between orders survives a server that starts over
    When the seller buys line 1 from partner r-1 as air-r
    And partner r-1 prepares order o-1::1
    And the server starts over
    And partner r-1 buys line 1 of order o-1::1 from partner w-1 as air-w
    And the server starts over
    And partner w-1 finds 0 of line 1 of order o-1::1::1
    Then order o-1 is OUT_OF_STOCK
    And order o-1::1 is OUT_OF_STOCK

  @WL @W17
  Scenario: A parent that loses units leaves its child as it is while some are wanted
    When the seller buys line 1 from partner w-1 as air-w
    And the seller loses 1 of line 1
    Then order o-1 is PROCUREMENT_CHECK
    And order o-1::1 is ORDERED
    When the seller loses 1 of line 1
    Then order o-1 is OUT_OF_STOCK
    And order o-1::1 is CANCELLED

  @WL @W22 @W23
  Scenario: A child that has shipped is shipped to its parent, whatever becomes of either
    When the seller buys line 1 from partner r-1 as air-r
    And partner r-1 prepares order o-1::1
    And partner r-1 buys line 1 of order o-1::1 from partner w-1 as air-w
    And partner w-1 readies order o-1::1::1 for shipping
    And partner w-1 ships 2 of line 1 of order o-1::1::1 by waybill 500
    And partner r-1 ships 2 of line 1 of order o-1::1 by waybill 501
    And the seller ships 2 of line 1 of order o-1 by waybill 502
    Then the linked orders of order o-1 are:
      | order  | state   |
      | o-1::1 | SHIPPED |
    When the buyer asks to return 2 of line 1 of order o-1 because of a change of mind
    And the seller approves return 1 of order o-1
    And the seller collects return 1 of order o-1
    And the seller completes return 1 of order o-1
    Then order o-1 is RETURNED
    And the linked orders of order o-1 are:
      | order  | state   |
      | o-1::1 | SHIPPED |
    When partner p-1 asks to exchange 1 of line 1 of order o-1::1 because of a defect
    And partner r-1 approves exchange 1 of order o-1::1 by adding a product
    And partner p-1 asks to return 1 of line 1 of order o-1::1 because of a defect
    And partner r-1 approves return 2 of order o-1::1
    Then order o-1::1 is RETURNING
    And the linked orders of order o-1 are:
      | order  | state   |
      | o-1::1 | SHIPPED |

  @WL @W13 @W19 @W21
  Scenario: An installer works on its own order, which ends with its parent
    When the seller assigns installer i-1 to line 1 as fitting
    And the seller procures the order from own stock
    And the installer installs line 1 of order o-1::1, but is refused because illegal_transition
    And the seller ships 2 of line 1 by waybill 100
    And the installer hands over line 1 of order o-1::1
    And the installer installs line 1 of order o-1::1
    Then line 1 is SHIPPED and INSTALLED
    And fitting has 9 on hand, 0 held and 0 sold
    When the buyer confirms the purchase of order o-1
    Then the orders are:
      | order  | status             | parent |
      | o-1    | PURCHASE_CONFIRMED |        |
      | o-1::1 | PURCHASE_CONFIRMED | o-1    |

  @WL @W13 @W20
  Scenario: An installer that can't install says so on its own order
    When the seller assigns installer i-1 to line 1 as fitting
    And the seller procures the order from own stock
    And the seller ships 2 of line 1 by waybill 100
    And the installer cannot install line 1 of order o-1::1
    Then order o-1 is RETURNING
    And order o-1::1 is CANCELLED
    And the linked orders of order o-1 are:
      | order  | state |
      | o-1::1 | ENDED |

  @WL @W13
  Scenario: Another installer takes over until it is installed
    Given partner i-2 is an installer
    And the goods:
      | goods | price  | partner | holder |
      | fit-2 | 50,000 | p-1     | i-2    |
    When the seller assigns installer i-1 to line 1 as fitting
    And the seller procures the order from own stock
    And the seller ships 2 of line 1 by waybill 100
    And the seller assigns installer i-2 to line 1 as fit-2
    Then the linked orders are:
      | order  | state     | partner |
      | o-1::1 | CANCELLED | i-1     |
      | o-1::2 | OPEN      | i-2     |
    And order o-1::1 is CANCELLED
    When partner i-2 hands over line 1 of order o-1::2
    And partner i-2 installs line 1 of order o-1::2
    Then line 1 is SHIPPED and INSTALLED
    When the seller assigns installer i-1 to line 1 as fitting, but is refused because illegal_transition
    Then line 1 is SHIPPED and INSTALLED
